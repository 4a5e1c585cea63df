//! From opcodes to a pickle.
//!
//! Opcodes say behind the items of a tuple or set how many there were, and a pickle has a mark before them. So opcodes with
//! such items are read twice, as a pickle is.

use alloc::vec::Vec;

use execnet_serializer::{Token, Tokens};

use super::integers::twos_complement;
use super::marks::{Mark, marks, needs_mark};
use super::memo::{Memo, Written};
use super::spare;
use super::{PROTO, PROTOCOL};

/// A shorter item is faster as it is.
const MIN_ITEM: usize = 200;

/// An item with a text or bytes of this length stays as it is: copying them would be most of the work.
const LARGE: usize = 64 * 1024;

/// A list is appended to in batches of this many items, as CPython does: the stack of the reader stays small.
const BATCH: u32 = 1000;

/// The bytes of an int and its index in a list.
const INT_ITEM: usize = 11;

/// From this length on an item is likely to repeat texts.
const MIN_MEMO: usize = 4 * 1024;

/// Puts a pickle in the place of the encoded item at the end of `bytes`, if that is faster to decode and says the same.
/// Returns whether it did.
pub(crate) fn replace_payload(bytes: &mut Vec<u8>, start: usize) -> bool {
    let item = bytes.get(start..).unwrap_or_default();
    if item.len() < MIN_ITEM {
        return false;
    }
    let pickle = match item.len() {
        ..MIN_MEMO => from_opcodes(item),
        _ => from_opcodes_with_memo(item),
    };
    let Some(pickle) = pickle else {
        return false;
    };
    bytes.truncate(start);
    bytes.extend_from_slice(&pickle);
    spare::keep(pickle);
    true
}

/// The pickle of an encoded item; `None` if it has what a pickle of plain values does not say exactly.
#[must_use]
pub fn from_opcodes(item: &[u8]) -> Option<Vec<u8>> {
    write_item(item, || None)
}

/// As [`from_opcodes`], but a text that repeats is written with a number, and later as that number. Python loads such a
/// pickle in two thirds of the time; [`to_opcodes`](super::to_opcodes) refuses it.
#[must_use]
pub fn from_opcodes_with_memo(item: &[u8]) -> Option<Vec<u8>> {
    write_item(item, || Some(Memo::new()))
}

fn write_item<'a>(item: &'a [u8], memo: impl Fn() -> Option<Memo<'a>>) -> Option<Vec<u8>> {
    // Most items have neither sets nor long tuples, and need one reading.
    match write_all(item, None, memo()) {
        Err(Refusal::NeedsMarks) => write_all(item, Some(marks(item)?), memo()).ok(),
        written => written.ok(),
    }
}

/// Why an item is not written as a pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// It has marks, and they are not known yet.
    NeedsMarks,
    /// A pickle cannot say it, or it is no faster.
    Item,
}

fn write_all<'a>(
    item: &'a [u8],
    marks: Option<Vec<Mark>>,
    mut memo: Option<Memo<'a>>,
) -> Result<Vec<u8>, Refusal> {
    let has_marks = marks.is_some();
    let mut marks = marks.unwrap_or_default().into_iter().peekable();
    let mut out = spare::take(item.len());
    out.extend([PROTO, PROTOCOL]);
    let mut stack = Vec::new();
    let mut count = 0;
    let mut tokens = Tokens::new(item);
    while let Some(token) = tokens.next() {
        if has_marks {
            while let Some(mark) = marks.next_if(|mark| mark.before == count) {
                out.extend_from_slice(mark.opening);
            }
        }
        let token = token.map_err(|_| Refusal::Item)?;
        if !has_marks && needs_mark(&token) {
            return Err(Refusal::NeedsMarks);
        }
        write(token, &mut stack, memo.as_mut(), &mut out).ok_or(Refusal::Item)?;
        count += 1;
        if let Some(Entry::List {
            len,
            next: next @ 0,
        }) = stack.last_mut()
        {
            *next = write_ints(tokens.rest(), *len, &mut out);
            let written = *next as usize * INT_ITEM;
            tokens = Tokens::new(tokens.rest().get(written..).unwrap_or_default());
            count += *next * 3;
        }
    }
    // A scalar or an empty container, and STOP.
    if count <= 2 {
        return Err(Refusal::Item);
    }
    // STOP of the pickle, and of execnet.
    out.extend(b".Q");
    Ok(out)
}

/// Writes the items of a list from the first on that are ints, but for the last item. Returns how many.
///
/// Long lists of ints are common, and reading three tokens for each takes several times as long.
fn write_ints(rest: &[u8], len: u32, out: &mut Vec<u8>) -> u32 {
    let mut written = 0;
    for item in rest.chunks_exact(INT_ITEM) {
        let &[b'F', a, b, c, d, b'F', w, x, y, z, b'P'] = item else {
            break;
        };
        if u32::from_be_bytes([a, b, c, d]) != written || written + 1 >= len {
            break;
        }
        write_int(i32::from_be_bytes([w, x, y, z]), out);
        written += 1;
        if written.is_multiple_of(BATCH) {
            out.extend(b"e(");
        }
    }
    written
}

/// What is on the stack of a decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Value,
    /// The index of the next item of the list below.
    Index,
    /// Still without some of its items.
    List {
        len: u32,
        next: u32,
    },
    Dict,
}

impl Entry {
    fn list(len: u32, next: u32) -> Self {
        if next == len {
            Self::Value
        } else {
            Self::List { len, next }
        }
    }

    /// Whether it can be an item of something.
    fn is_whole(self) -> bool {
        matches!(self, Self::Value | Self::Dict)
    }
}

/// Writes what a token is in a pickle; nothing where a pickle cannot say it.
fn write<'a>(
    token: Token<'a>,
    stack: &mut Vec<Entry>,
    memo: Option<&mut Memo<'a>>,
    out: &mut Vec<u8>,
) -> Option<()> {
    if let Some(Entry::List { next, .. }) = stack.last() {
        // Its items must come in their order.
        let index = i32::try_from(*next).ok()?;
        if !matches!(token, Token::Int(found) if found == index) {
            return None;
        }
        stack.push(Entry::Index);
        return Some(());
    }
    match token {
        Token::Stop => return take(stack, 1).filter(|()| stack.is_empty()),
        Token::SetItem => return set_item(stack, out),
        Token::BuildTuple(len) => {
            take(stack, len)?;
            match u8::try_from(len) {
                Ok(0) => out.push(b')'),
                Ok(len @ 1..=3) => out.push(0x84 + len),
                _ => out.push(b't'),
            }
        }
        Token::Set(len) => {
            take(stack, len)?;
            out.push(if len == 0 { 0x8f } else { 0x90 });
        }
        Token::FrozenSet(len) => {
            take(stack, len)?;
            out.extend_from_slice(if len == 0 { b"(\x91" } else { b"\x91" });
        }
        Token::NewDict => {
            out.push(b'}');
            stack.push(Entry::Dict);
            return Some(());
        }
        Token::NewList(len) => {
            out.extend_from_slice(if len > 1 { b"](" } else { b"]" });
            stack.push(Entry::list(len, 0));
            return Some(());
        }
        Token::Py3String(text) => write_text(text, memo, out)?,
        scalar => write_scalar(scalar, out)?,
    }
    stack.push(Entry::Value);
    Some(())
}

fn take(stack: &mut Vec<Entry>, len: u32) -> Option<()> {
    let items = stack.len().checked_sub(len as usize)?;
    let whole = stack.get(items..)?.iter().all(|entry| entry.is_whole());
    stack.truncate(items);
    whole.then_some(())
}

fn set_item(stack: &mut Vec<Entry>, out: &mut Vec<u8>) -> Option<()> {
    let (value, key) = (stack.pop()?, stack.pop()?);
    if !value.is_whole() {
        return None;
    }
    match (stack.last_mut()?, key) {
        (list @ &mut Entry::List { len, next }, Entry::Index) => {
            *list = Entry::list(len, next + 1);
            if len == 1 {
                out.push(b'a');
            } else if next + 1 == len {
                out.push(b'e');
            } else if (next + 1).is_multiple_of(BATCH) {
                out.extend(b"e(");
            }
        }
        (Entry::Dict, Entry::Value) => out.push(b's'),
        _ => return None,
    }
    Some(())
}

fn write_scalar(token: Token<'_>, out: &mut Vec<u8>) -> Option<()> {
    match token {
        Token::None => out.push(b'N'),
        Token::Bool(true) => out.push(0x88),
        Token::Bool(false) => out.push(0x89),
        Token::Int(number) => write_int(number, out),
        Token::LongInt(text) => {
            let bytes = twos_complement(text)?;
            out.extend([0x8a, bytes.len().try_into().ok()?]);
            out.extend_from_slice(&bytes);
        }
        Token::Float(number) => {
            out.push(b'G');
            out.extend_from_slice(&number.to_be_bytes());
        }
        Token::Bytes(bytes) => write_counted(bytes, [b'C', b'B'], out)?,
        // Channels, complex numbers, and what only Python 2 has.
        _ => return None,
    }
    Some(())
}

fn write_text<'a>(text: &'a [u8], memo: Option<&mut Memo<'a>>, out: &mut Vec<u8>) -> Option<()> {
    let how = memo.map_or(Written::InFull, |memo| memo.look_up(text));
    if let Written::Number(number) = how {
        // BINGET
        out.extend([b'h', number]);
        return Some(());
    }
    // Where a pickle takes bytes for text that opcodes do not, the opcodes have to be refused.
    core::str::from_utf8(text).ok()?;
    write_counted(text, [0x8c, b'X'], out)?;
    if let Written::Memoized = how {
        // MEMOIZE
        out.push(0x94);
    }
    Some(())
}

fn write_int(number: i32, out: &mut Vec<u8>) {
    if let Ok(byte) = u8::try_from(number) {
        out.extend([b'K', byte]);
    } else if let Ok(number) = u16::try_from(number) {
        out.push(b'M');
        out.extend_from_slice(&number.to_le_bytes());
    } else {
        out.push(b'J');
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn write_counted(bytes: &[u8], [short, long]: [u8; 2], out: &mut Vec<u8>) -> Option<()> {
    if bytes.len() >= LARGE {
        return None;
    }
    match u8::try_from(bytes.len()) {
        Ok(len) => out.extend([short, len]),
        Err(_) => {
            out.push(long);
            out.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
        }
    }
    out.extend_from_slice(bytes);
    Some(())
}
