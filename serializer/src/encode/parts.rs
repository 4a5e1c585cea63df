//! Values in parts, for serde, which gives their content later than their start.

use embedded_io::Write;

use super::Encoder;
use crate::Opcode;
use crate::error::EncodeError;

impl<W: Write> Encoder<W> {
    /// Writes opcodes that another encoder wrote.
    pub(crate) fn encoded(&mut self, bytes: &[u8]) -> Result<(), EncodeError<W::Error>> {
        self.put(bytes)
    }

    /// Writes the start of a complex number; its two parts follow.
    pub(crate) fn complex_parts(&mut self) -> Result<(), EncodeError<W::Error>> {
        self.opcode(Opcode::Complex)
    }

    /// Writes one part of a complex number.
    pub(crate) fn complex_part(&mut self, value: f64) -> Result<(), EncodeError<W::Error>> {
        self.put(&value.to_be_bytes())
    }

    /// Writes the header of a `len`-byte text. The caller writes the bytes.
    pub(crate) fn begin_str(&mut self, len: usize) -> Result<(), EncodeError<W::Error>> {
        self.length(Opcode::Py3String, len)
    }

    /// An encoder at the same depth, for opcodes that this one writes later.
    #[cfg(feature = "alloc")]
    pub(crate) const fn sibling(&self) -> Encoder<alloc::vec::Vec<u8>> {
        Encoder {
            sink: alloc::vec::Vec::new(),
            depth: self.depth,
        }
    }
}
