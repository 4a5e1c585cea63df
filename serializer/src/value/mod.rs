//! Values in memory: what any Python peer can send.

mod canonical;
mod collections;
mod convert;
mod dump;
mod int;
mod keys;
mod load;
mod macros;
mod order;
mod str;

use alloc::vec::Vec;

pub use collections::{Dict, Set};
pub use convert::WrongType;
pub use int::{Int, OutOfRange, ParseIntError};
pub(crate) use load::load_value;
pub use str::Str;

use crate::{ChannelId, Complex};

/// Any value of the format.
///
/// Two values are equal if they are of the same type and say the same: an
/// `Int` never equals a `Float`, floats compare by their bits (so a NaN equals
/// itself, and `0.0` is not `-0.0`), the order of dicts and sets does not
/// count. Where Python's own equality matters, as for dict keys,
/// [`Dict`] and [`Set`] say so.
///
/// ```
/// use execnet_serializer::{loads_internal, Value};
/// let value = loads_internal(b"F\0\0\0\x01N\0\0\0\x01x@\0\0\0\x02Q")?;
/// assert_eq!(value, Value::Tuple(vec![Value::from(1), Value::from("x")]));
/// # Ok::<(), execnet_serializer::LoadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `None`.
    #[default]
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of any size.
    Int(Int),
    /// A float.
    Float(f64),
    /// A complex number.
    Complex(Complex),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text.
    Str(Str),
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A dict.
    Dict(Dict),
    /// A set.
    Set(Set),
    /// A frozenset.
    FrozenSet(Set),
    /// A channel, by its number.
    Channel(ChannelId),
}

impl Value {
    /// The name of the Python type this value loads as.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::Complex(_) => "complex",
            Self::Bytes(_) => "bytes",
            Self::Str(_) => "str",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
            Self::Set(_) => "set",
            Self::FrozenSet(_) => "frozenset",
            Self::Channel(_) => "channel",
        }
    }

    /// Whether Python would take this as a dict key or set element: no list,
    /// dict or set in it.
    #[must_use]
    pub fn is_hashable(&self) -> bool {
        match self {
            Self::List(_) | Self::Dict(_) | Self::Set(_) => false,
            Self::Tuple(items) => items.iter().all(Self::is_hashable),
            _ => true,
        }
    }

    /// Whether this is `None`.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The bool, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The integer, if it is one and fits 64 bits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => value.to_i64(),
            _ => None,
        }
    }

    /// The float, if it is one.
    #[must_use]
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(value) => Some(value),
            _ => None,
        }
    }

    /// The bytes, if it is bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(value) => Some(value),
            _ => None,
        }
    }

    /// The items, if it is a list or a tuple.
    #[must_use]
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) | Self::Tuple(items) => Some(items),
            _ => None,
        }
    }

    /// The dict, if it is one.
    #[must_use]
    pub const fn as_dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(value) => Some(value),
            _ => None,
        }
    }

    /// The elements, if it is a set or a frozenset.
    #[must_use]
    pub const fn as_set(&self) -> Option<&Set> {
        match self {
            Self::Set(value) | Self::FrozenSet(value) => Some(value),
            _ => None,
        }
    }

    /// The channel, if it is one.
    #[must_use]
    pub const fn as_channel(&self) -> Option<ChannelId> {
        match self {
            Self::Channel(id) => Some(*id),
            _ => None,
        }
    }
}
