//! The memory of a document: one slot for each value.

use crate::ChannelId;

/// One value: 32 bytes, or 16 with 32-bit pointers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<'a> {
    pub(super) content: Content<'a>,
    /// The slot of the next value in the same container, if it is not the
    /// last.
    pub(super) next: u32,
}

/// The content of a slot. Floats are stored as bytes so that their alignment
/// does not enlarge the slot.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content<'a> {
    None,
    Bool(bool),
    Int(i32),
    /// Digits of an integer that does not fit 32 bits.
    Positive(&'a [u8]),
    Negative(&'a [u8]),
    Float([u8; 8]),
    Complex(&'a [u8; 16]),
    Bytes(&'a [u8]),
    Str(&'a str),
    /// Text of Python 2, not ASCII: each byte is a character.
    Latin1(&'a [u8]),
    Channel(ChannelId),
    List(Span),
    Tuple(Span),
    /// The length counts keys and values.
    Dict(Span),
    Set(Span),
    FrozenSet(Span),
}

/// The parts of a container.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) first: u32,
    pub(super) len: u32,
}
