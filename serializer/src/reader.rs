//! The one place that indexes bytes of a peer.

use crate::Opcode;
use crate::error::{LoadError, LoadErrorKind};

/// A position in a slice; every read is checked against its end here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            offset: 0,
        }
    }

    /// Bytes read so far.
    #[inline]
    pub(crate) const fn offset(&self) -> usize {
        self.offset
    }

    /// Bytes not read yet.
    #[inline]
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Steps over the next byte if it is `byte`.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                self.offset += 1;
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
                self.offset += 5;
                true
            }
            _ => false,
        }
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, LoadError> {
        self.array().map(|[byte]: [u8; 1]| byte)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], LoadError> {
        match self.rest.split_first_chunk() {
            Some((head, rest)) => {
                self.rest = rest;
                self.offset += N;
                Ok(*head)
            }
            None => Err(self.short(N)),
        }
    }

    #[inline]
    pub(crate) fn bytes(&mut self, len: usize) -> Result<&'a [u8], LoadError> {
        match self.rest.split_at_checked(len) {
            Some((head, rest)) => {
                self.rest = rest;
                self.offset += len;
                Ok(head)
            }
            None => Err(self.short(len)),
        }
    }

    #[cold]
    fn short(&self, wanted: usize) -> LoadError {
        let left = self.rest.len();
        LoadError::new(LoadErrorKind::UnexpectedEnd { wanted, left }, self.offset)
    }
}
