//! Values in memory: what any Python peer can send.

mod access;
mod convert;
mod dict;
mod dump;
mod equal;
mod index;
mod int;
mod key;
mod load;
mod macros;
mod order;
mod set;
mod str;
mod table;

use alloc::vec::Vec;

pub use convert::TryFromValueError;
pub use dict::{Dict, DictEntry};
pub use index::{LookupKey, ValueIndex};
pub use int::{Int, ParseIntError, TryFromIntError};
pub(crate) use load::load_value;
pub use set::Set;
pub use str::Str;

use crate::{ChannelId, Complex};

/// Any value of the format.
///
/// Two values are equal if they have the same type and content: an `Int` never
/// equals a `Float`, floats compare by their bits (a NaN equals itself, `0.0`
/// does not equal `-0.0`), and the order of dicts and sets is ignored. Keys of
/// [`Dict`] and elements of [`Set`] use Python's equality instead.
///
/// Comparing, ordering, hashing, printing and cloning take linear time in the
/// size of the value, whatever its content. Ordering also takes memory for sets
/// and for dicts with different keys.
///
/// A value compares with the Rust types it can be made from. [`get`](Self::get)
/// and indexing access its content:
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
/// Indexing also sets values, as in serde_json:
///
/// ```
/// # use execnet_serializer::value;
/// let mut reply = value!({"status": "ok"});
/// reply["items"] = [1, 2].into();
/// reply["status"] = "changed".into();
/// assert_eq!(reply, value!({"status": "changed", "items": [1, 2]}));
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

    /// Whether this is hashable in Python, as dict keys and set elements must
    /// be: it contains no list, dict or set.
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
