//! Opcodes into a value.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use super::{Dict, Int, Set, Str, Value};
use crate::Opcode;
use crate::error::{LoadError, LoadErrorKind};
use crate::leaf::Leaf;
use crate::limits::{Limits, StrConfig};
use crate::machine::{Builder, Entry, Group, Machine, has_room};
use crate::texts::Texts;

/// Loads a value without version byte from the start of `bytes`; how many
/// bytes it took.
pub(crate) fn load_value(
    bytes: &[u8],
    strings: StrConfig,
    limits: Limits,
) -> Result<(Value, usize), LoadError> {
    let values = Values {
        leaves: Leaves {
            strings,
            texts: Texts::new(bytes),
        },
        pairs: Vec::new(),
    };
    let (mut part, _, taken) = Machine::new(bytes, limits, values, Vec::new()).run()?;
    Ok((part.take(), taken))
}

/// Builds values on the heap.
struct Values<'a> {
    leaves: Leaves<'a>,
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

impl Default for Part {
    fn default() -> Self {
        Self::Whole(Value::None)
    }
}

impl Part {
    /// Takes the value of a part that is closed, as all are that leave the
    /// stack.
    #[inline(always)]
    fn take(&mut self) -> Value {
        match self {
            Self::Whole(value) => core::mem::take(value),
            Self::Dict { .. } => Value::Dict(Dict::new()),
        }
    }
}

/// Makes the values without parts.
struct Leaves<'a> {
    strings: StrConfig,
    texts: Texts<'a>,
}

impl Leaves<'_> {
    /// Makes a value without parts in place of a `None`, kind by kind: a `Value`
    /// that is made elsewhere and waits on the stack costs more than making it.
    #[inline(always)]
    fn make(&mut self, leaf: Leaf<'_>, place: &mut Value) -> Result<(), LoadError> {
        match leaf.opcode {
            Opcode::Int | Opcode::Long => set(place, Value::Int(Int::from(leaf.int()))),
            Opcode::Py3String if !self.strings.py3str_as_py2str => self.text(leaf, place)?,
            Opcode::Unicode => self.text(leaf, place)?,
            Opcode::Py2String if self.strings.py2str_as_py3str => {
                set(place, Value::Str(latin_1(leaf.operand)));
            }
            Opcode::Py3String | Opcode::Py2String | Opcode::Bytes => {
                set(place, Value::Bytes(leaf.operand.to_owned()));
            }
            Opcode::True => set(place, Value::Bool(true)),
            Opcode::False => set(place, Value::Bool(false)),
            Opcode::Float => set(place, Value::Float(leaf.float())),
            Opcode::Complex => set(place, Value::Complex(leaf.complex())),
            Opcode::LongInt | Opcode::LongLong => set(place, Value::Int(integer(leaf)?)),
            Opcode::Channel => set(place, Value::Channel(leaf.channel())),
            // `None`; the rest are no leaves.
            _ => {}
        }
        Ok(())
    }

    /// Short text is written where it stays: what was written in parts is slow
    /// to move at once.
    #[inline(always)]
    fn text(&mut self, leaf: Leaf<'_>, place: &mut Value) -> Result<(), LoadError> {
        let start = leaf.offset + Leaf::COUNTED;
        let Some(text) = self.texts.get(start, leaf.operand.len()) else {
            return Err(LoadError::new(LoadErrorKind::Utf8, leaf.offset));
        };
        set(place, Value::Str(Str::new()));
        if let Value::Str(place) = place {
            place.fill(text);
        }
        Ok(())
    }
}

/// Sets a place that holds `None`, which needs no drop.
#[inline(always)]
fn set(place: &mut Value, value: Value) {
    core::mem::forget(core::mem::replace(place, value));
}

impl<'a> Builder<'a> for Values<'a> {
    type Node = Part;

    #[inline(always)]
    fn leaf(&mut self, leaf: Leaf<'a>, place: &mut Part) -> Result<(), LoadError> {
        match place {
            Part::Whole(place) => self.leaves.make(leaf, place),
            // The machine gives a default.
            Part::Dict { .. } => Ok(()),
        }
    }

    #[inline(always)]
    fn append_leaf(&mut self, list: &mut Part, item: Leaf<'a>) -> Result<(), LoadError> {
        if let Part::Whole(Value::List(items)) = list
            && has_room(items)
        {
            items.push(Value::None);
            if let Some(place) = items.last_mut() {
                return self.leaves.make(item, place);
            }
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
        if has_room(&mut self.pairs) {
            self.pairs.push((Value::None, Value::None));
        }
        if let Some((key_place, value_place)) = self.pairs.last_mut() {
            self.leaves.make(key, key_place)?;
            self.leaves.make(value, value_place)?;
        }
        Ok(())
    }

    #[inline]
    fn list(&mut self, room: usize, _offset: usize, place: &mut Part) -> Result<(), LoadError> {
        *place = Part::Whole(Value::List(Vec::with_capacity(room)));
        Ok(())
    }

    #[inline]
    fn dict(&mut self, _offset: usize, place: &mut Part) -> Result<(), LoadError> {
        let first = self.pairs.len();
        *place = Part::Dict { first };
        Ok(())
    }

    #[inline]
    fn append(&mut self, list: &mut Part, item: &mut Part) {
        if let Part::Whole(Value::List(items)) = list
            && has_room(items)
        {
            items.push(item.take());
        }
    }

    /// What stood above the dict is closed: its pairs are the last.
    #[inline]
    fn insert(&mut self, _dict: &mut Part, key: &mut Part, value: &mut Part) {
        if has_room(&mut self.pairs) {
            self.pairs.push((key.take(), value.take()));
        }
    }

    fn group(
        &mut self,
        group: Group,
        items: &mut [Entry<Part>],
        _offset: usize,
    ) -> Result<Part, LoadError> {
        let items = items.iter_mut().map(|entry| entry.node.take());
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
                first => self.pairs.split_off(first),
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

fn latin_1(bytes: &[u8]) -> Str {
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn integer(leaf: Leaf<'_>) -> Result<Int, LoadError> {
    let int = Int::from_python_decimal(leaf.operand);
    int.ok_or(LoadError::new(LoadErrorKind::Integer, leaf.offset))
}
