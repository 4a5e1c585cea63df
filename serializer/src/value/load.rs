//! Opcodes into a value.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Dict, Int, Set, Value};
use crate::Token;
use crate::error::{LoadError, LoadErrorKind};
use crate::limits::{Limits, StrConfig};
use crate::machine::{Builder, Entry, Group, Leaf, Machine};

/// Loads a value without version byte from the start of `bytes`; how many
/// bytes it took.
pub(crate) fn load_value(
    bytes: &[u8],
    strings: StrConfig,
    limits: Limits,
) -> Result<(Value, usize), LoadError> {
    let values = Values {
        strings,
        pairs: Vec::new(),
    };
    let (part, _, taken) = Machine::new(bytes, limits, values, Vec::new()).run()?;
    Ok((part.whole(), taken))
}

/// Builds values on the heap.
struct Values {
    strings: StrConfig,
    /// The pairs of all open dicts, those of the topmost last: no dict's length
    /// is known before its end, and so each gets room for its pairs once.
    pairs: Vec<(Value, Value)>,
}

/// A value, or a dict that is still open.
enum Part {
    Whole(Value),
    Dict {
        /// Where its pairs start.
        first: usize,
    },
}

impl Part {
    /// The value of a part that is closed, as all are that leave the stack.
    #[inline]
    fn whole(self) -> Value {
        match self {
            Self::Whole(value) => value,
            Self::Dict { .. } => Value::Dict(Dict::new()),
        }
    }
}

impl Values {
    /// Hands over a value without parts. Each kind is handed over by itself, so
    /// that it is built where it goes: a `Value` that waits on the stack costs
    /// more than making it.
    #[inline(always)]
    fn give<T>(
        &self,
        Leaf { token, offset }: Leaf<'_>,
        to: impl FnOnce(Value) -> T,
    ) -> Result<T, LoadError> {
        Ok(match token {
            Token::Int(value) | Token::Long(value) => to(Value::Int(Int::from(value))),
            Token::Py3String(text) if !self.strings.py3str_as_py2str => {
                to(Value::Str(utf8(text, offset)?))
            }
            Token::Unicode(text) => to(Value::Str(utf8(text, offset)?)),
            Token::Py2String(bytes) if self.strings.py2str_as_py3str => {
                to(Value::Str(latin_1(bytes)))
            }
            Token::Py3String(bytes) | Token::Py2String(bytes) | Token::Bytes(bytes) => {
                to(Value::Bytes(bytes.to_owned()))
            }
            Token::Bool(value) => to(Value::Bool(value)),
            Token::Float(value) => to(Value::Float(value)),
            Token::Complex(value) => to(Value::Complex(value)),
            Token::LongInt(digits) | Token::LongLong(digits) => {
                to(Value::Int(integer(digits, offset)?))
            }
            Token::Channel(id) => to(Value::Channel(id)),
            // The rest are no leaves: the machine keeps them.
            _ => to(Value::None),
        })
    }
}

/// Pushes need not grow after this: where they might, the pushed value would
/// have to be in memory, to be dropped if that failed.
#[inline(always)]
fn has_room<T>(items: &mut Vec<T>) -> bool {
    if items.len() == items.capacity() {
        grow(items);
    }
    items.len() < items.capacity()
}

#[cold]
#[inline(never)]
fn grow<T>(items: &mut Vec<T>) {
    items.reserve(1);
}

impl<'a> Builder<'a> for Values {
    type Node = Part;

    fn leaf(&mut self, leaf: Leaf<'a>) -> Result<Part, LoadError> {
        self.give(leaf, Part::Whole)
    }

    #[inline(always)]
    fn append_leaf(&mut self, list: &mut Part, item: Leaf<'a>) -> Result<(), LoadError> {
        if let Part::Whole(Value::List(items)) = list
            && has_room(items)
        {
            return self.give(item, |item| items.push(item));
        }
        // The machine appends to lists only.
        Ok(())
    }

    #[inline(always)]
    fn insert_leaves(
        &mut self,
        _dict: &mut Part,
        key: Leaf<'a>,
        value: Leaf<'a>,
    ) -> Result<(), LoadError> {
        // Taken out, for the two values need the rest of this.
        let mut pairs = core::mem::take(&mut self.pairs);
        if has_room(&mut pairs) {
            self.give(key, |key| pairs.push((key, Value::None)))?;
        }
        if let Some((_, slot)) = pairs.last_mut() {
            // What is replaced is `None`, and needs no drop.
            self.give(value, |value| {
                core::mem::forget(core::mem::replace(slot, value));
            })?;
        }
        self.pairs = pairs;
        Ok(())
    }

    fn list(&mut self, len: usize, _offset: usize) -> Result<Part, LoadError> {
        Ok(Part::Whole(Value::List(Vec::with_capacity(len))))
    }

    fn dict(&mut self, _offset: usize) -> Result<Part, LoadError> {
        let first = self.pairs.len();
        Ok(Part::Dict { first })
    }

    #[inline]
    fn append(&mut self, list: &mut Part, item: Part) {
        if let Part::Whole(Value::List(items)) = list {
            items.push(item.whole());
        }
    }

    /// What stood above the dict is closed: its pairs are the last.
    #[inline]
    fn insert(&mut self, _dict: &mut Part, key: Part, value: Part) {
        self.pairs.push((key.whole(), value.whole()));
    }

    fn group(
        &mut self,
        group: Group,
        items: &mut [Entry<Part>],
        _offset: usize,
    ) -> Result<Part, LoadError> {
        let items = items.iter_mut().map(|entry| {
            let none = Part::Whole(Value::None);
            core::mem::replace(&mut entry.node, none).whole()
        });
        Ok(Part::Whole(match group {
            Group::Tuple => Value::Tuple(items.collect()),
            Group::Set => Value::Set(Set::from_iter(items)),
            Group::FrozenSet => Value::FrozenSet(Set::from_iter(items)),
        }))
    }

    fn close(&mut self, node: &mut Part) {
        if let Part::Dict { first } = node {
            let pairs = match *first {
                // A large one alone need not be copied.
                0 if self.pairs.len() > COPIED => core::mem::take(&mut self.pairs),
                first => self.pairs.drain(first..).collect(),
            };
            *node = Part::Whole(Value::Dict(Dict::from_iter(pairs)));
        }
    }

    #[inline]
    fn index(&self, node: &Part) -> Option<u32> {
        match node {
            Part::Whole(Value::Int(index)) => {
                index.to_i64().and_then(|index| u32::try_from(index).ok())
            }
            _ => None,
        }
    }
}

/// Up to so many pairs are copied out of those of all dicts.
const COPIED: usize = 64;

#[inline]
fn utf8(text: &[u8], offset: usize) -> Result<String, LoadError> {
    match core::str::from_utf8(text) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Err(LoadError::new(LoadErrorKind::Utf8, offset)),
    }
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn integer(digits: &[u8], offset: usize) -> Result<Int, LoadError> {
    Int::from_python_decimal(digits).ok_or(LoadError::new(LoadErrorKind::Integer, offset))
}
