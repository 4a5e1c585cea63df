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
    let machine = Machine::new(bytes, limits, Values { strings }, Vec::new());
    machine.run().map(|(value, _, taken)| (value, taken))
}

/// Builds values on the heap.
struct Values {
    strings: StrConfig,
}

impl Values {
    /// Hands over a value without parts. Each kind is handed over by itself, so
    /// that it is built where it goes, and not on the way.
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

impl<'a> Builder<'a> for Values {
    type Node = Value;

    fn leaf(&mut self, leaf: Leaf<'a>) -> Result<Value, LoadError> {
        self.give(leaf, |value| value)
    }

    #[inline(always)]
    fn append_leaf(&mut self, list: &mut Value, item: Leaf<'a>) -> Result<(), LoadError> {
        match (list, item.token) {
            // By far the most frequent by itself.
            (Value::List(items), Token::Int(value)) => {
                items.push(Value::from(value));
                Ok(())
            }
            (Value::List(items), _) => self.give(item, |item| items.push(item)),
            // The machine appends to lists.
            _ => Ok(()),
        }
    }

    #[inline(always)]
    fn insert_leaves(
        &mut self,
        dict: &mut Value,
        key: Leaf<'a>,
        value: Leaf<'a>,
    ) -> Result<(), LoadError> {
        match dict {
            Value::Dict(pairs) => {
                self.give(key, |key| pairs.push(key, Value::None))?;
                self.give(value, |value| pairs.set_last(value))
            }
            // The machine inserts into dicts.
            _ => Ok(()),
        }
    }

    fn list(&mut self, len: usize, _offset: usize) -> Result<Value, LoadError> {
        Ok(Value::List(Vec::with_capacity(len)))
    }

    fn dict(&mut self, _offset: usize) -> Result<Value, LoadError> {
        Ok(Value::Dict(Dict::new()))
    }

    #[inline]
    fn append(&mut self, list: &mut Value, item: Value) {
        if let Value::List(items) = list {
            items.push(item);
        }
    }

    #[inline]
    fn insert(&mut self, dict: &mut Value, key: Value, value: Value) {
        if let Value::Dict(pairs) = dict {
            pairs.push(key, value);
        }
    }

    fn group(
        &mut self,
        group: Group,
        items: &mut [Entry<Value>],
        _offset: usize,
    ) -> Result<Value, LoadError> {
        let items = items
            .iter_mut()
            .map(|entry| core::mem::take(&mut entry.node));
        Ok(match group {
            Group::Tuple => Value::Tuple(items.collect()),
            Group::Set => Value::Set(Set::from_iter(items)),
            Group::FrozenSet => Value::FrozenSet(Set::from_iter(items)),
        })
    }

    fn close(&mut self, node: &mut Value) {
        if let Value::Dict(pairs) = node {
            pairs.unify();
        }
    }

    #[inline]
    fn index(&self, node: &Value) -> Option<u32> {
        match node {
            Value::Int(index) => index.to_i64().and_then(|index| u32::try_from(index).ok()),
            _ => None,
        }
    }
}

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
