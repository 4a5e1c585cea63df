//! The operations of a pickle that plain values need.

use super::{PROTO, PROTOCOL, PickleError};

/// One operation, with its operand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Op<'a> {
    None,
    Bool(bool),
    Int(i32),
    /// Two's complement, the lowest byte first, at most 255 bytes.
    Long(&'a [u8]),
    /// The highest byte first.
    Float(&'a [u8; 8]),
    /// Bytes that should be UTF-8. The decoder of opcodes finds out.
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    EmptyTuple,
    List,
    Dict,
    Set,
    Mark,
    /// Appends the topmost value to the list below it.
    Append,
    /// Appends all values above the mark to the list below it.
    Appends,
    SetItem,
    SetItems,
    AddItems,
    /// A tuple of the one to three topmost values.
    TupleOf(u8),
    /// A tuple of all values above the mark.
    Tuple,
    FrozenSet,
    Stop,
}

/// Reads operations one by one.
pub(super) struct Ops<'a> {
    bytes: &'a [u8],
    offset: usize,
    /// The offset of the operation that was read last.
    start: usize,
}

impl<'a> Ops<'a> {
    /// The operations of an item.
    pub(super) fn new(item: &'a [u8]) -> Result<Self, PickleError> {
        let mut ops = Self {
            bytes: item,
            offset: 0,
            start: 0,
        };
        for expected in [PROTO, PROTOCOL] {
            ops.start = ops.offset;
            let byte = ops.byte()?;
            if byte != expected {
                return Err(ops.unexpected(byte));
            }
        }
        Ok(ops)
    }

    /// Inlined: a call would return the operation in memory, which takes two fifths of the time of reading a pickle.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Result<Op<'a>, PickleError> {
        self.start = self.offset;
        let mut byte = self.byte()?;
        // FRAME says how much a loader reads ahead. Python refuses one that is longer than the rest.
        while byte == 0x95 {
            let len = u64::from_le_bytes(*self.array()?);
            let rest = self.bytes.len() - self.offset;
            if usize::try_from(len).is_ok_and(|len| len <= rest) {
                self.start = self.offset;
            } else {
                return Err(self.truncated());
            }
            byte = self.byte()?;
        }
        Ok(match byte {
            b'N' => Op::None,
            0x88 => Op::Bool(true),
            0x89 => Op::Bool(false),
            b'K' => Op::Int(self.byte()?.into()),
            b'M' => Op::Int(u16::from_le_bytes(*self.array()?).into()),
            b'J' => Op::Int(i32::from_le_bytes(*self.array()?)),
            0x8a => Op::Long(self.short()?),
            b'G' => Op::Float(self.array()?),
            0x8c => Op::Text(self.short()?),
            b'X' => Op::Text(self.long()?),
            b'C' => Op::Bytes(self.short()?),
            b'B' => Op::Bytes(self.long()?),
            b')' => Op::EmptyTuple,
            b']' => Op::List,
            b'}' => Op::Dict,
            0x8f => Op::Set,
            b'(' => Op::Mark,
            b'a' => Op::Append,
            b'e' => Op::Appends,
            b's' => Op::SetItem,
            b'u' => Op::SetItems,
            0x90 => Op::AddItems,
            0x85..=0x87 => Op::TupleOf(byte - 0x84),
            b't' => Op::Tuple,
            0x91 => Op::FrozenSet,
            b'.' => Op::Stop,
            other => return Err(self.unexpected(other)),
        })
    }

    /// Whether all was read but execnet's STOP.
    pub(super) fn is_at_end(&self) -> bool {
        self.bytes.get(self.offset..) == Some(b"Q")
    }

    fn unexpected(&self, byte: u8) -> PickleError {
        PickleError::Operation {
            byte,
            offset: self.start,
        }
    }

    fn truncated(&self) -> PickleError {
        PickleError::Truncated { offset: self.start }
    }

    /// The offset of the operation that was read last.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// The error of an operation that does not find the values that it needs.
    pub(super) fn missing_operand(&self) -> PickleError {
        PickleError::Stack { offset: self.start }
    }

    fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.array::<1>()?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], PickleError> {
        let taken = self.take(N)?;
        taken.first_chunk().ok_or(self.truncated())
    }

    fn short(&mut self) -> Result<&'a [u8], PickleError> {
        let len = self.byte()?;
        self.take(len.into())
    }

    fn long(&mut self) -> Result<&'a [u8], PickleError> {
        let len = u32::from_le_bytes(*self.array()?);
        self.take(usize::try_from(len).map_err(|_| self.truncated())?)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], PickleError> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let taken = rest.get(..len).ok_or(self.truncated())?;
        self.offset += len;
        Ok(taken)
    }
}
