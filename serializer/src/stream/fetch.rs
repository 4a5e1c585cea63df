//! Finds the end of the next value without reading a byte beyond it.

use embedded_io::Read;

use super::Stream;
use crate::error::{LoadError, LoadErrorKind};
use crate::opcode::{Opcode, Operand};
use crate::read_buffer::Filled;

impl<R: Read> Stream<R> {
    /// Reads the bytes of the next value and none after them. Returns false if
    /// the reader ends before the first.
    ///
    /// It stops at bytes that cannot be a value; the decoder then reports why.
    pub(super) fn fetch(&mut self) -> Result<bool, R::Error> {
        // After an error that no byte resolves nothing more is read.
        if self.failed.is_none() {
            self.scan()?;
        }
        Ok(!self.buffer.is_empty() || self.failed.is_some())
    }

    fn scan(&mut self) -> Result<(), R::Error> {
        if self.scanned < self.options.version_len() {
            if !self.fill(1)? || self.options.body(self.buffer.bytes()).is_err() {
                return Ok(());
            }
            self.scanned = 1;
        }
        if !self.fill(self.scanned + 1)? {
            return Ok(());
        }
        // Only lengths matter here; the decoder judges the rest. `scanned` advances
        // with each opcode, so that a slow reader does not cause a scan from the
        // start for each piece.
        while let Some(end) = self.opcode_end()? {
            // One byte more, the next opcode: only STOP has none.
            if !self.fill(end.saturating_add(1))? {
                break;
            }
            self.scanned = end;
        }
        Ok(())
    }

    /// The end of the current opcode and its operand; `None` for STOP and for
    /// bytes that cannot be a value.
    fn opcode_end(&mut self) -> Result<Option<usize>, R::Error> {
        let byte = self.buffer.bytes().get(self.scanned);
        let operand = match byte.and_then(|byte| Opcode::with_operand(*byte)) {
            None | Some((Opcode::Stop, _)) => return Ok(None),
            Some((_, Operand::Fixed(len))) => usize::from(len),
            Some((Opcode::NewDict | Opcode::SetItem, Operand::Parts)) => 0,
            Some((_, Operand::Parts)) => 4,
            Some((_, Operand::Counted)) => match self.count()? {
                Some(len) => len.saturating_add(4),
                None => return Ok(None),
            },
        };
        Ok(Some((self.scanned + 1).saturating_add(operand)))
    }

    /// The length after the current opcode; `None` if it is negative or cut off.
    fn count(&mut self) -> Result<Option<usize>, R::Error> {
        let start = self.scanned + 1;
        if !self.fill(start + 4)? {
            return Ok(None);
        }
        let count = self
            .buffer
            .bytes()
            .get(start..)
            .and_then(<[u8]>::first_chunk);
        let count = count.map(|count| i32::from_be_bytes(*count));
        // It does not fit a usize of 16 bits, but then the limits do not admit it.
        Ok(count.and_then(|count| usize::try_from(count).ok()))
    }

    /// Reads until the value has `len` bytes. Returns false if the reader ends
    /// before, or if `len` exceeds the limit or the memory.
    fn fill(&mut self, len: usize) -> Result<bool, R::Error> {
        // One byte over the limit lets the decoder report that it is exceeded.
        let extra = 1 + self.options.version_len();
        let limit = self.options.limits().bytes().saturating_add(extra);
        let filled = self.buffer.fill_to(&mut self.reader, len.min(limit))?;
        if filled == Filled::NoMemory {
            let error = LoadError::new(LoadErrorKind::Memory, self.offset());
            self.failed = Some(error);
        }
        Ok(filled == Filled::Whole && len <= limit)
    }
}
