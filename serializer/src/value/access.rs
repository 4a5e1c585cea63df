//! Methods and indexing that access the content of a [`Value`].

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Index;

use super::{Dict, Int, Set, Str, Value};
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
    /// The float, if it is one.
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

impl Value {
    /// Whether this is `None`.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

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

impl<I: ValueIndex> Index<I> for Value {
    type Output = Self;

    /// The result of [`get`](Self::get), or [`Value::None`] if there is none.
    /// Indexing never panics.
    fn index(&self, index: I) -> &Self {
        static NONE: Value = Value::None;
        index.find(self).unwrap_or(&NONE)
    }
}

/// An index of a [`Value`]: a position in a list or tuple, or a key of a dict.
///
/// It is implemented for `usize`, `&str`, `&String`, `&Str` and `&Value`, and
/// cannot be for other types.
pub trait ValueIndex: sealed::Sealed {}

impl<I: sealed::Sealed> ValueIndex for I {}

mod sealed {
    use super::*;

    pub trait Sealed {
        fn find(self, value: &Value) -> Option<&Value>;
        fn find_mut(self, value: &mut Value) -> Option<&mut Value>;
    }

    impl Sealed for usize {
        fn find(self, value: &Value) -> Option<&Value> {
            value.as_slice()?.get(self)
        }

        fn find_mut(self, value: &mut Value) -> Option<&mut Value> {
            match value {
                Value::List(items) | Value::Tuple(items) => items.get_mut(self),
                _ => None,
            }
        }
    }

    impl Sealed for &Value {
        fn find(self, value: &Value) -> Option<&Value> {
            value.as_dict()?.get(self)
        }

        fn find_mut(self, value: &mut Value) -> Option<&mut Value> {
            value.as_dict_mut()?.get_mut(self)
        }
    }

    impl Sealed for &str {
        fn find(self, value: &Value) -> Option<&Value> {
            value.as_dict()?.get_str(self)
        }

        fn find_mut(self, value: &mut Value) -> Option<&mut Value> {
            value.as_dict_mut()?.get_str_mut(self)
        }
    }

    /// Other texts.
    macro_rules! texts {
        ($($text:ty)*) => {$(
            impl Sealed for &$text {
                fn find(self, value: &Value) -> Option<&Value> {
                    value.get(self.as_str())
                }

                fn find_mut(self, value: &mut Value) -> Option<&mut Value> {
                    value.get_mut(self.as_str())
                }
            }
        )*};
    }

    texts! { String Str }
}

/// Comparison with the types that a value is made of: equal if the value made
/// of them is.
macro_rules! equal {
    ($($type:ty: $value:ident, $other:ident => $equal:expr;)*) => {$(
        impl PartialEq<$type> for Value {
            fn eq(&self, other: &$type) -> bool {
                let ($value, $other) = (self, other);
                $equal
            }
        }

        impl PartialEq<Value> for $type {
            fn eq(&self, other: &Value) -> bool {
                other == self
            }
        }
    )*};
}

equal! {
    bool: value, other => value.as_bool() == Some(*other);
    f64: value, other => value.as_f64() == Some(*other);
    str: value, other => value.as_str() == Some(other);
    &str: value, other => value.as_str() == Some(*other);
    String: value, other => value.as_str() == Some(other);
}

macro_rules! equal_ints {
    ($($type:ty)*) => {
        equal! { $($type: value, other => value.as_int() == Some(&Int::from(*other));)* }
    };
}

equal_ints! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }
