//! Open containers of the parser, and the values made of them.

use alloc::vec::Vec;

use super::error::{ParseLiteralError, ParseLiteralErrorKind as Kind};
use crate::{ChannelId, Dict, Set, Value};

/// An open container.
pub(super) struct Frame {
    pub(super) open: Open,
    pub(super) start: usize,
    /// How many containers there are down to this one.
    pub(super) depth: u16,
    /// Keys and values take turns in a dict.
    pub(super) items: Vec<Value>,
    /// Whether a comma follows the last item.
    pub(super) comma: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// The text itself, which may be a tuple without parentheses.
    Top,
    /// Parentheses: a tuple, or nothing but grouping.
    Paren,
    List,
    /// Braces before their first item: a dict or a set.
    Brace,
    Dict,
    Set,
    Call(Callee),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Callee {
    Set,
    FrozenSet,
    Channel,
}

impl Frame {
    pub(super) const fn new(open: Open, start: usize, depth: u16) -> Self {
        Self {
            open,
            start,
            depth,
            items: Vec::new(),
            comma: false,
        }
    }

    /// Whether the next item is the value of a dict's pair.
    pub(super) fn expects_value(&self) -> bool {
        self.open == Open::Dict && self.items.len() % 2 == 1
    }

    /// Whether the next item has to be hashable.
    pub(super) fn expects_key(&self) -> bool {
        matches!(self.open, Open::Brace | Open::Set | Open::Dict) && !self.expects_value()
    }

    /// The end of the container, and for error messages what may follow an item.
    pub(super) const fn end(&self) -> (&'static str, &'static str) {
        match self.open {
            Open::Top => ("", "the end"),
            Open::Paren | Open::Call(_) => (")", "`,` or `)`"),
            Open::List => ("]", "`,` or `]`"),
            Open::Brace | Open::Dict | Open::Set => ("}", "`,` or `}`"),
        }
    }

    /// The container, with no more items to come.
    pub(super) fn finish(self) -> Result<Value, ParseLiteralError> {
        let Self {
            start,
            mut items,
            comma,
            ..
        } = self;
        Ok(match self.open {
            Open::Top | Open::Paren if items.len() == 1 && !comma => {
                items.pop().unwrap_or_default()
            }
            Open::Top | Open::Paren => Value::Tuple(items),
            Open::List => Value::List(items),
            Open::Brace | Open::Dict => Value::Dict(pairs(items)),
            Open::Set => Value::Set(Set::from_iter(items)),
            Open::Call(callee) => return callee.call(items, start),
        })
    }
}

fn pairs(items: Vec<Value>) -> Dict {
    let mut items = items.into_iter();
    core::iter::from_fn(|| Some((items.next()?, items.next()?))).collect()
}

impl Callee {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "set" => Self::Set,
            "frozenset" => Self::FrozenSet,
            "Channel" => Self::Channel,
            _ => return None,
        })
    }

    /// The value of `name(arguments)`.
    fn call(self, arguments: Vec<Value>, start: usize) -> Result<Value, ParseLiteralError> {
        match self {
            Self::Set => elements(arguments, start).map(Value::Set),
            Self::FrozenSet => elements(arguments, start).map(Value::FrozenSet),
            Self::Channel => channel(&arguments, start).map(Value::Channel),
        }
    }
}

fn elements(mut arguments: Vec<Value>, start: usize) -> Result<Set, ParseLiteralError> {
    let error = |kind| ParseLiteralError::new(kind, start);
    let items = match (arguments.pop(), arguments.is_empty()) {
        (None, _) => return Ok(Set::new()),
        (Some(Value::Set(items) | Value::FrozenSet(items)), true) => return Ok(items),
        (Some(Value::List(items) | Value::Tuple(items)), true) => items,
        _ => return Err(error(Kind::NotItems)),
    };
    if !items.iter().all(Value::is_hashable) {
        return Err(error(Kind::Unhashable));
    }
    Ok(Set::from_iter(items))
}

fn channel(arguments: &[Value], start: usize) -> Result<ChannelId, ParseLiteralError> {
    let id = match arguments {
        [Value::Int(id)] => i32::try_from(id).ok(),
        _ => None,
    };
    let error = ParseLiteralError::new(Kind::ChannelId, start);
    id.map(ChannelId).ok_or(error)
}
