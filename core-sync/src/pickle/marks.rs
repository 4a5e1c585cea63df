//! Where the marks of tuples and sets belong in a pickle: before the first of their items.

use alloc::vec::Vec;

use execnet_serializer::{Token, Tokens};

pub(super) fn needs_mark(token: &Token<'_>) -> bool {
    match token {
        Token::BuildTuple(len) => *len > 3,
        Token::Set(len) | Token::FrozenSet(len) => *len > 0,
        _ => false,
    }
}

/// What is written before a value because it is the first item of a tuple or set.
pub(super) struct Mark {
    /// The number of the token.
    pub(super) before: u32,
    pub(super) opening: &'static [u8],
}

/// The marks in the order in which they are written.
pub(super) fn marks(item: &[u8]) -> Option<Vec<Mark>> {
    let mut marks = Vec::new();
    // The number of the token with which each value on the stack begins.
    let mut begins = Vec::new();
    for (at, token) in (0..).zip(Tokens::new(item)) {
        match token.ok()? {
            Token::Stop => break,
            Token::SetItem => begins.truncate(begins.len().checked_sub(2)?),
            Token::BuildTuple(len) => join(&mut begins, &mut marks, at, len, b"(", 4..)?,
            Token::Set(len) => join(&mut begins, &mut marks, at, len, b"\x8f(", 1..)?,
            Token::FrozenSet(len) => join(&mut begins, &mut marks, at, len, b"(", 1..)?,
            _ => begins.push(at),
        }
    }
    // Of values that begin alike the outer one is complete last, and begins first.
    marks.reverse();
    marks.sort_by_key(|mark: &Mark| mark.before);
    Some(marks)
}

/// Joins the topmost values to one, with a mark where there are as many as that.
fn join(
    begins: &mut Vec<u32>,
    marks: &mut Vec<Mark>,
    at: u32,
    len: u32,
    opening: &'static [u8],
    marked: core::ops::RangeFrom<u32>,
) -> Option<()> {
    let items = begins.len().checked_sub(len as usize)?;
    let before = begins.get(items).copied().unwrap_or(at);
    begins.truncate(items);
    begins.push(before);
    if marked.contains(&len) {
        marks.push(Mark { before, opening });
    }
    Some(())
}
