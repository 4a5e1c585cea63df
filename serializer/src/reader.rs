//! The cursor over the input: the only module that checks bounds.

use crate::Opcode;
use crate::error::{LoadError, LoadErrorKind};

/// A position in the input. It checks the bounds of every read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    /// Of the whole slice.
    len: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            len: bytes.len(),
        }
    }

    /// Bytes read so far.
    #[inline]
    pub(crate) const fn offset(&self) -> usize {
        self.len - self.rest.len()
    }

    /// Bytes not read yet.
    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next byte, if there is one.
    #[inline(always)]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// Steps over the next byte, if there is one.
    #[inline(always)]
    pub(crate) fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// Steps over the opcode at the cursor and its operand of `len` bytes. Returns
    /// the operand.
    #[inline(always)]
    pub(crate) fn take_operand(&mut self, len: usize) -> Result<&'a [u8], LoadError> {
        match self.rest.split_at_checked(1 + len) {
            Some(([_, operand @ ..], rest)) => {
                self.rest = rest;
                Ok(operand)
            }
            // Without the opcode, so that the numbers in the error are of the operand.
            _ => {
                self.skip();
                Err(short(len, self.rest.len(), self.offset()))
            }
        }
    }

    /// Steps over the opcode at the cursor and the bytes that it counts. Returns
    /// these bytes, or `None` if not all of them are there.
    #[inline(always)]
    pub(crate) fn take_counted_operand(&mut self) -> Option<&'a [u8]> {
        let ([_, len @ ..], rest) = self.rest.split_first_chunk::<5>()?;
        let len = usize::try_from(i32::from_be_bytes(*len)).ok()?;
        let (bytes, rest) = rest.split_at_checked(len)?;
        self.rest = rest;
        Some(bytes)
    }

    /// Steps over the next byte if it is `byte`.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Steps over the next opcode if it is `INT` with this operand.
    #[inline]
    pub(crate) fn eat_int(&mut self, value: u32) -> bool {
        let [a, b, c, d] = value.to_be_bytes();
        match self.rest.split_first_chunk() {
            Some((head, rest)) if *head == [Opcode::Int.byte(), a, b, c, d] => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Reads an opcode.
    #[inline(always)]
    pub(crate) fn opcode(&mut self) -> Result<Opcode, LoadError> {
        let start = self.offset();
        let [byte] = self.array()?;
        Opcode::from_byte(byte).ok_or(LoadError::new(LoadErrorKind::UnknownOpcode(byte), start))
    }

    /// Reads a length. Python reads a negative one in five different ways, none of
    /// which any writer means.
    #[inline(always)]
    pub(crate) fn count(&mut self) -> Result<u32, LoadError> {
        let start = self.offset();
        let n = self.array().map(i32::from_be_bytes)?;
        u32::try_from(n).map_err(|_| LoadError::new(LoadErrorKind::NegativeLength(n), start))
    }

    #[inline(always)]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        match self.rest.split_first_chunk() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(*head)
            }
            None => Err(short(N, self.rest.len(), self.offset())),
        }
    }

    #[inline(always)]
    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], LoadError> {
        match self.rest.split_at_checked(len) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(short(len, self.rest.len(), self.offset())),
        }
    }
}

// By value: a reference would keep the cursor out of registers.
#[cold]
const fn short(wanted: usize, left: usize, offset: usize) -> LoadError {
    LoadError::new(LoadErrorKind::UnexpectedEnd { wanted, left }, offset)
}
