//! How the encoder puts opcodes and operands into its sink.

use embedded_io::{Error as _, ErrorKind, Write};

use super::Encoder;
use crate::Opcode;
use crate::error::{DumpError, EncodeError, Refusal};

impl<W: Write> Encoder<W> {
    #[inline]
    pub(crate) fn opcode(&mut self, opcode: Opcode) -> Result<(), EncodeError<W::Error>> {
        self.put(&[opcode.byte()])
    }

    #[inline]
    pub(super) fn operand(
        &mut self,
        opcode: Opcode,
        operand: i32,
    ) -> Result<(), EncodeError<W::Error>> {
        let [a, b, c, d] = operand.to_be_bytes();
        self.put(&[opcode.byte(), a, b, c, d])
    }

    #[inline]
    pub(crate) fn length(
        &mut self,
        opcode: Opcode,
        len: usize,
    ) -> Result<(), EncodeError<W::Error>> {
        match i32::try_from(len) {
            Ok(n) => self.operand(opcode, n),
            Err(_) => Err(DumpError::new(Refusal::TooLong { opcode, len }).into()),
        }
    }

    #[inline]
    pub(super) fn counted(
        &mut self,
        opcode: Opcode,
        bytes: &[u8],
    ) -> Result<(), EncodeError<W::Error>> {
        self.length(opcode, bytes.len())?;
        self.put(bytes)
    }

    /// Does not use `write_all`, which fails if a write is interrupted and does
    /// not report how much it wrote.
    #[inline]
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), EncodeError<W::Error>> {
        match self.sink.write(bytes) {
            Ok(written) if written == bytes.len() => Ok(()),
            written => self.put_rest(bytes, written),
        }
    }

    /// Writes the bytes that the first `write` has not written.
    #[cold]
    fn put_rest(
        &mut self,
        mut bytes: &[u8],
        mut written: Result<usize, W::Error>,
    ) -> Result<(), EncodeError<W::Error>> {
        loop {
            match written {
                // A breach of the trait's contract, which `write_all` reports.
                Ok(0) => return self.sink.write_all(bytes).map_err(EncodeError::Io),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(EncodeError::Io(error)),
            }
            if bytes.is_empty() {
                return Ok(());
            }
            written = self.sink.write(bytes);
        }
    }
}
