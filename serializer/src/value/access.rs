//! Methods that access the content of a [`Value`].

use alloc::string::String;
use alloc::vec::Vec;

use super::{Dict, Int, Set, Value, ValueIndex};
use crate::{ChannelId, Complex};

/// Methods that return the content of a variant, if the value is of that. In
/// parentheses is how they borrow the value.
macro_rules! accessors {
    ($($(#[$doc:meta])+ $($word:ident)+(&$($mut:ident)?) -> $content:ty: $pattern:pat => $result:expr;)*) => {
        impl Value {$(
            $(#[$doc])+
            #[must_use]
            pub $($word)+(&$($mut)? self) -> Option<$content> {
                match self {
                    $pattern => Some($result),
                    _ => None,
                }
            }
        )*}
    };
}

accessors! {
    /// The bool, if it is one.
    const fn as_bool(&) -> bool: Self::Bool(value) => *value;
    /// The float, if it is one. [`to_f64`](Self::to_f64) takes ints too.
    const fn as_f64(&) -> f64: Self::Float(value) => *value;
    /// The text, if it is text.
    fn as_str(&) -> &str: Self::Str(value) => value;
    /// The bytes, if it is bytes.
    fn as_bytes(&) -> &[u8]: Self::Bytes(value) => value;
    /// The items, if it is a list or a tuple.
    fn as_slice(&) -> &[Value]: Self::List(items) | Self::Tuple(items) => items;
    /// The dict, if it is one.
    const fn as_dict(&) -> &Dict: Self::Dict(value) => value;
    /// The elements, if it is a set or a frozenset.
    const fn as_set(&) -> &Set: Self::Set(value) | Self::FrozenSet(value) => value;
    /// The channel, if it is one.
    const fn as_channel(&) -> ChannelId: Self::Channel(id) => *id;
    /// The integer of any size, if it is one.
    const fn as_int(&) -> &Int: Self::Int(value) => value;
    /// The complex number, if it is one.
    const fn as_complex(&) -> Complex: Self::Complex(value) => *value;
    /// The items, if it is a list. [`as_slice`](Self::as_slice) takes tuples
    /// too.
    const fn as_list(&) -> &Vec<Self>: Self::List(items) => items;
    /// The items to change, if it is a list.
    const fn as_list_mut(&mut) -> &mut Vec<Self>: Self::List(items) => items;
    /// The dict to change, if it is one.
    const fn as_dict_mut(&mut) -> &mut Dict: Self::Dict(value) => value;
    /// The elements to change, if it is a set or a frozenset.
    const fn as_set_mut(&mut) -> &mut Set: Self::Set(value) | Self::FrozenSet(value) => value;
}

/// Methods that tell whether a value is of a kind.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $name:ident: $pattern:pat,)*) => {
        impl Value {$(
            $(#[$doc])+
            #[must_use]
            pub const fn $name(&self) -> bool {
                matches!(self, $pattern)
            }
        )*}
    };
}

kinds! {
    /// Whether this is `None`.
    is_none: Self::None,
    /// Whether this is a bool.
    is_bool: Self::Bool(_),
    /// Whether this is an int. A bool is not one, unlike in Python.
    is_int: Self::Int(_),
    /// Whether this is a float.
    is_float: Self::Float(_),
    /// Whether this is a complex number.
    is_complex: Self::Complex(_),
    /// Whether this is bytes.
    is_bytes: Self::Bytes(_),
    /// Whether this is text.
    is_str: Self::Str(_),
    /// Whether this is a list.
    is_list: Self::List(_),
    /// Whether this is a tuple.
    is_tuple: Self::Tuple(_),
    /// Whether this is a dict.
    is_dict: Self::Dict(_),
    /// Whether this is a set or a frozenset.
    is_set: Self::Set(_) | Self::FrozenSet(_),
    /// Whether this is a channel.
    is_channel: Self::Channel(_),
}

impl Value {
    /// The integer, if it is one and fits 64 bits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_int()?.to_i64()
    }

    /// The integer, if it is one and fits 64 bits without a sign.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.as_int()?.try_into().ok()
    }

    /// The number as a float: a float, or an int as the nearest float. An int
    /// beyond the largest float has none.
    ///
    /// ```
    /// use execnet_serializer::Value;
    /// assert_eq!(Value::from(0.5).to_f64(), Some(0.5));
    /// assert_eq!(Value::from(2).to_f64(), Some(2.0));
    /// ```
    #[must_use]
    pub fn to_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            Self::Int(value) => value.to_f64(),
            _ => None,
        }
    }

    /// The text as a `String`, if it is text.
    #[must_use]
    pub fn into_string(self) -> Option<String> {
        self.try_into().ok()
    }

    /// Takes the value and leaves `None`.
    #[must_use]
    pub const fn take(&mut self) -> Self {
        core::mem::replace(self, Self::None)
    }

    /// The item of a list or tuple at a position, or the value that a dict has
    /// under a key.
    ///
    /// A position is a `usize`; a key is text, or a `Value` of any kind.
    ///
    /// ```
    /// use execnet_serializer::{value, Value};
    /// let value = value!({"a": [1], 2: "two"});
    /// assert_eq!(value.get("a").and_then(|list| list.get(0)), Some(&Value::from(1)));
    /// assert_eq!(value.get(&Value::from(2)), Some(&Value::from("two")));
    /// assert_eq!(value.get(2), None); // not a list
    /// ```
    #[must_use]
    pub fn get<I: ValueIndex>(&self, index: I) -> Option<&Self> {
        index.find(self)
    }

    /// As [`get`](Self::get), to be changed.
    ///
    /// ```
    /// use execnet_serializer::value;
    /// let mut value = value!({"a": [1, 2]});
    /// *value.get_mut("a").unwrap().get_mut(0).unwrap() = "one".into();
    /// assert_eq!(value, value!({"a": ["one", 2]}));
    /// ```
    #[must_use]
    pub fn get_mut<I: ValueIndex>(&mut self, index: I) -> Option<&mut Self> {
        index.find_mut(self)
    }
}
