//! Values in memory: what any Python peer can send.

mod access;
mod convert;
mod dict;
mod dump;
mod int;
mod key;
mod load;
mod macros;
mod order;
mod set;
mod str;
mod table;

use alloc::vec::Vec;

pub use access::ValueIndex;
pub use convert::TryFromValueError;
pub use dict::{Dict, DictEntry};
pub use int::{Int, ParseIntError, TryFromIntError};
pub(crate) use load::load_value;
pub use set::Set;
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
/// Comparing, ordering, hashing, printing and cloning take time in proportion
/// to the size of the value, however its containers are nested and whatever
/// their elements are; ordering also takes memory where there are sets, or
/// dicts of different keys.
///
/// A value compares with the Rust type that it was made of, and is reached into
/// with [`get`](Self::get) or an index:
///
/// ```
/// use execnet_serializer::value;
/// let reply = value!({"status": "ok", "items": [40, 42]});
/// assert!(reply["status"] == "ok");
/// assert_eq!(reply["items"][1], 42);
/// assert_eq!(reply["items"][1].as_u64(), Some(42));
/// assert!(reply.get("error").is_none());
/// ```
///
/// ```
/// use execnet_serializer::{LoadOptions, Value};
/// let value = LoadOptions::wire().loads(b"F\0\0\0\x01N\0\0\0\x01x@\0\0\0\x02Q")?;
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
    #[inline]
    #[must_use]
    pub fn is_hashable(&self) -> bool {
        match self {
            Self::List(_) | Self::Dict(_) | Self::Set(_) => false,
            Self::Tuple(items) => items.iter().all(Self::is_hashable),
            _ => true,
        }
    }
}
