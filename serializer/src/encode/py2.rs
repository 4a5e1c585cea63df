//! The encoder's opcodes for types of Python 2.

use embedded_io::Write;

use super::Encoder;
use crate::Opcode;
use crate::error::EncodeError;

impl<W: Write> Encoder<W> {
    /// Writes an integer as Python 2 writes a small `long`.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn py2_long(&mut self, value: i32) -> Result<(), EncodeError<W::Error>> {
        self.operand(Opcode::Long, value)
    }

    /// Writes an integer as Python 2 writes a large `long`, from its digits.
    ///
    /// # Errors
    /// When the sink fails or there are more than 2^31-1 digits.
    pub fn py2_long_long(&mut self, digits: &str) -> Result<(), EncodeError<W::Error>> {
        self.counted(Opcode::LongLong, digits.as_bytes())
    }

    /// Writes a Python 2 `str`.
    ///
    /// # Errors
    /// When the sink fails or there are more than 2^31-1 bytes.
    pub fn py2_str(&mut self, value: &[u8]) -> Result<(), EncodeError<W::Error>> {
        self.counted(Opcode::Py2String, value)
    }

    /// Writes a Python 2 `unicode`.
    ///
    /// # Errors
    /// When the sink fails or the text has more than 2^31-1 bytes.
    pub fn py2_unicode(&mut self, value: &str) -> Result<(), EncodeError<W::Error>> {
        self.counted(Opcode::Unicode, value.as_bytes())
    }
}
