//! `From` and `TryFrom` between [`Value`] and the types of Rust.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Dict, Int, Set, Str, Value};
use crate::{Bytes, ChannelId, Complex};

/// `From` by one constructor.
macro_rules! from {
    ($($type:ty => $make:expr;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let make: fn($type) -> Value = $make;
                make(value)
            }
        }
    )*};
}

from! {
    () => |()| Value::None;
    bool => Value::Bool;
    f64 => Value::Float;
    f32 => |value| Value::Float(f64::from(value));
    char => |value| Value::Str(value.into());
    &str => |value| Value::Str(value.into());
    &String => |value| Value::Str(Str::from(value.as_str()));
    String => |value| Value::Str(value.into());
    Cow<'_, str> => |value| Value::Str(value.into());
    Str => Value::Str;
    Bytes<&[u8]> => |value| Value::Bytes(value.0.to_vec());
    Bytes<Vec<u8>> => |value| Value::Bytes(value.0);
    Int => Value::Int;
    Complex => Value::Complex;
    ChannelId => Value::Channel;
    Dict => Value::Dict;
}

macro_rules! from_ints {
    ($($type:ty)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::Int(Int::from(value))
            }
        }
    )*};
}

from_ints! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

impl<const N: usize> From<Bytes<&[u8; N]>> for Value {
    fn from(value: Bytes<&[u8; N]>) -> Self {
        Self::Bytes(value.0.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::None, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Self>, const N: usize> From<[T; N]> for Value {
    fn from(items: [T; N]) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Clone + Into<Self>> From<&[T]> for Value {
    fn from(items: &[T]) -> Self {
        items.iter().cloned().collect()
    }
}

impl<T: Into<Self>> FromIterator<T> for Value {
    /// A list of the items. A [`Dict`] or [`Set`] is collected as such.
    ///
    /// ```
    /// use execnet_serializer::{value, Value};
    /// let squares: Value = (1..4).map(|n| n * n).collect();
    /// assert_eq!(squares, value!([1, 4, 9]));
    /// ```
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }
}

/// Maps as dicts and sets as sets.
macro_rules! from_collections {
    ($([$($generic:ident)*] $map:ty, $set:ty;)*) => {$(
        impl<K: Into<Value>, V: Into<Value>, $($generic)*> From<$map> for Dict {
            fn from(pairs: $map) -> Self {
                pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
            }
        }

        impl<K: Into<Value>, V: Into<Value>, $($generic)*> From<$map> for Value {
            fn from(pairs: $map) -> Self {
                Self::Dict(pairs.into())
            }
        }

        impl<T: Into<Value>, $($generic)*> From<$set> for Set {
            fn from(items: $set) -> Self {
                items.into_iter().map(Into::into).collect()
            }
        }

        impl<T: Into<Value>, $($generic)*> From<$set> for Value {
            fn from(items: $set) -> Self {
                Self::Set(items.into())
            }
        }
    )*};
}

from_collections! {
    [] BTreeMap<K, V>, BTreeSet<T>;
}

#[cfg(feature = "std")]
from_collections! {
    [S] std::collections::HashMap<K, V, S>, std::collections::HashSet<T, S>;
}

impl<K: Into<Value>, V: Into<Value>, const N: usize> From<[(K, V); N]> for Dict {
    fn from(pairs: [(K, V); N]) -> Self {
        let pairs = pairs.into_iter();
        pairs
            .map(|(key, value)| (key.into(), value.into()))
            .collect()
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for Set {
    fn from(items: [T; N]) -> Self {
        items.into_iter().map(Into::into).collect()
    }
}

/// Rust's tuples as Python's.
macro_rules! from_tuples {
    ($($($item:ident)+;)*) => {$(
        #[allow(non_snake_case)]
        impl<$($item: Into<Value>),+> From<($($item,)+)> for Value {
            fn from(($($item,)+): ($($item,)+)) -> Self {
                Self::Tuple(alloc::vec![$($item.into()),+])
            }
        }
    )*};
}

from_tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

/// A [`Value`] is not of the requested type, or an int outside its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryFromValueError {
    expected: &'static str,
    found: &'static str,
}

impl fmt::Display for TryFromValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl core::error::Error for TryFromValueError {}

/// `TryFrom<Value>` by one pattern.
macro_rules! try_from {
    ($($type:ty, $expected:literal, $pattern:pat => $result:expr;)*) => {$(
        impl TryFrom<Value> for $type {
            type Error = TryFromValueError;

            fn try_from(value: Value) -> Result<Self, TryFromValueError> {
                let found = value.type_name();
                match value {
                    $pattern => Ok($result),
                    _ => Err(TryFromValueError { expected: $expected, found }),
                }
            }
        }
    )*};
}

try_from! {
    bool, "bool", Value::Bool(value) => value;
    f64, "float", Value::Float(value) => value;
    String, "str", Value::Str(value) => value.into();
    Str, "str", Value::Str(value) => value;
    Int, "int", Value::Int(value) => value;
    Complex, "complex", Value::Complex(value) => value;
    ChannelId, "channel", Value::Channel(id) => id;
    Dict, "dict", Value::Dict(value) => value;
    Set, "set or frozenset", Value::Set(value) | Value::FrozenSet(value) => value;
    Vec<Value>, "list or tuple", Value::List(items) | Value::Tuple(items) => items;
    Bytes<Vec<u8>>, "bytes", Value::Bytes(value) => Bytes(value);
}

macro_rules! try_from_ints {
    ($($type:ty)*) => {$(
        impl TryFrom<Value> for $type {
            type Error = TryFromValueError;

            fn try_from(value: Value) -> Result<Self, TryFromValueError> {
                let expected = stringify!($type);
                match &value {
                    Value::Int(int) => Self::try_from(int).map_err(|_| TryFromValueError {
                        expected,
                        found: "int out of range",
                    }),
                    _ => Err(TryFromValueError { expected, found: value.type_name() }),
                }
            }
        }
    )*};
}

try_from_ints! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }
