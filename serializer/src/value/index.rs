//! [`ValueIndex`] and [`LookupKey`]: what values, dicts and sets are indexed by.

use alloc::string::String;
use core::ops::{Index, IndexMut};

use super::{Dict, Str, Value};

impl<I: ValueIndex> Index<I> for Value {
    type Output = Self;

    /// The result of [`get`](Self::get), or [`Value::None`] if there is none.
    /// Reading by an index never panics.
    fn index(&self, index: I) -> &Self {
        index.find(self).unwrap_or(&NONE)
    }
}

impl<I: ValueIndex> IndexMut<I> for Value {
    /// The item of a list or tuple at a position, or the value that a dict has
    /// under a key, to be set. A key that a dict lacks is added, and `None`
    /// becomes a dict. Unlike reading, this panics if there is no such place.
    /// [`get_mut`](Self::get_mut) does not.
    ///
    /// ```
    /// use execnet_serializer::{value, Value};
    /// let mut settings = Value::None;
    /// settings["log"]["level"] = "debug".into();
    /// settings["ports"] = value!([80, 443]);
    /// settings["ports"][1] = 8443.into();
    /// assert_eq!(settings, value!({"log": {"level": "debug"}, "ports": [80, 8443]}));
    /// ```
    ///
    /// # Panics
    /// If a list or tuple has no item at the position, or the value can have no
    /// such index: a position of anything but a list or tuple, a key of anything
    /// but a dict or `None`.
    fn index_mut(&mut self, index: I) -> &mut Self {
        index.place(self)
    }
}

impl<K: LookupKey + ?Sized> Index<&K> for Dict {
    type Output = Value;

    /// The value under a key, or [`Value::None`] if there is none.
    fn index(&self, key: &K) -> &Value {
        self.get(key).unwrap_or(&NONE)
    }
}

static NONE: Value = Value::None;

/// An index of a [`Value`]: a position in a list or tuple, or a key of a dict.
///
/// It is implemented for `usize`, `&str`, `&String`, `&Str` and `&Value`, and
/// cannot be for other types.
pub trait ValueIndex: sealed::Index {}

impl<I: sealed::Index> ValueIndex for I {}

/// What a key of a [`Dict`] or an element of a [`Set`](super::Set) is looked up
/// by: a [`Value`] of any kind, or text.
///
/// It is implemented for `Value`, `str`, `String`, [`Str`] and references to
/// these, and cannot be for other types.
pub trait LookupKey: sealed::Key {}

impl<K: sealed::Key + ?Sized> LookupKey for K {}

pub(super) mod sealed {
    use super::*;

    pub trait Index {
        fn find(self, value: &Value) -> Option<&Value>;
        fn find_mut(self, value: &mut Value) -> Option<&mut Value>;
        fn place(self, value: &mut Value) -> &mut Value;
    }

    pub trait Key {
        fn lookup(&self) -> Lookup<'_>;
    }

    #[derive(Clone, Copy)]
    pub enum Lookup<'a> {
        Text(&'a str),
        Value(&'a Value),
    }

    impl From<Lookup<'_>> for Value {
        fn from(key: Lookup<'_>) -> Self {
            match key {
                Lookup::Text(text) => text.into(),
                Lookup::Value(value) => value.clone(),
            }
        }
    }

    impl Index for usize {
        fn find(self, value: &Value) -> Option<&Value> {
            value.as_slice()?.get(self)
        }

        fn find_mut(self, value: &mut Value) -> Option<&mut Value> {
            match value {
                Value::List(items) | Value::Tuple(items) => items.get_mut(self),
                _ => None,
            }
        }

        #[allow(clippy::panic, reason = "documented; `get_mut` does not")]
        fn place(self, value: &mut Value) -> &mut Value {
            match value {
                Value::List(items) | Value::Tuple(items) => &mut items[self],
                _ => panic!("{} has no position {self}", value.type_name()),
            }
        }
    }

    impl<K: Key + ?Sized> Index for &K {
        fn find(self, value: &Value) -> Option<&Value> {
            value.as_dict()?.get(self)
        }

        fn find_mut(self, value: &mut Value) -> Option<&mut Value> {
            value.as_dict_mut()?.get_mut(self)
        }

        #[allow(clippy::panic, reason = "documented; `get_mut` does not")]
        fn place(self, value: &mut Value) -> &mut Value {
            if value.is_none() {
                *value = Dict::new().into();
            }
            match value {
                Value::Dict(dict) => dict.entry(self.lookup().into()).or_default(),
                _ => panic!("{} has no keys", value.type_name()),
            }
        }
    }

    impl Key for Value {
        #[inline]
        fn lookup(&self) -> Lookup<'_> {
            Lookup::Value(self)
        }
    }

    impl<K: Key + ?Sized> Key for &K {
        #[inline]
        fn lookup(&self) -> Lookup<'_> {
            (**self).lookup()
        }
    }

    /// Texts.
    macro_rules! texts {
        ($($text:ty)*) => {$(
            impl Key for $text {
                #[inline]
                fn lookup(&self) -> Lookup<'_> {
                    Lookup::Text(self)
                }
            }
        )*};
    }

    texts! { str String Str }
}
