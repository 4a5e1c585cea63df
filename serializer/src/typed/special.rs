//! Types that serde's data model lacks: sets, complex numbers, channels, large integers.
//!
//! They pass through serde as newtype structs with these names, which the
//! serializer and deserializer of this crate recognise. Other formats write the
//! wrapped value.

use core::fmt;
use core::marker::PhantomData;

use serde_core::de::value::MapDeserializer;
use serde_core::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde_core::ser::{Serialize, Serializer};

use crate::{ChannelId, Complex};

pub(super) const SET: &str = "__execnet_Set";
pub(super) const FROZENSET: &str = "__execnet_FrozenSet";
pub(super) const COMPLEX: &str = "__execnet_Complex";
pub(super) const CHANNEL: &str = "__execnet_Channel";
pub(super) const INT: &str = "__execnet_Int";
#[cfg(feature = "alloc")]
pub(super) const VALUE: &str = "__execnet_Value";

/// Whether a newtype struct may be one of these. The names are identifiers
/// because RON writes no other names.
#[inline]
pub(super) fn is_special(name: &str) -> bool {
    name.starts_with("__execnet_")
}

/// The structs that `serde_json` is known by: numbers and JSON that it keeps as
/// text. Both the struct and its one field have the name.
pub(super) const JSON_NUMBER: &str = "$serde_json::private::Number";
pub(super) const JSON_RAW: &str = "$serde_json::private::RawValue";

/// The keys of [`Marked`], as `json` has them.
pub(super) const CHANNEL_KEY: &str = "$channel";
#[cfg(feature = "alloc")]
pub(super) const INT_KEY: &str = "$int";

/// Writes a sequence as a Python set; without it, a sequence is a list. Reading
/// needs no wrapper: every sequence type reads sets.
///
/// It accepts types that serialize as a sequence, tuple or array: `Vec`,
/// `HashSet`, `BTreeSet`, `[T; N]`, or an `Option` of one. Other types are an
/// error. Use the modules [`set`] and [`frozenset`] for fields of structs.
///
/// ```
/// use execnet_serializer::{to_vec, loads, Set, Value, typed::AsSet};
/// let bytes = to_vec(&AsSet([1, 2]))?;
/// let set: Set = [1, 2].map(Value::from).into_iter().collect();
/// assert_eq!(loads(&bytes)?, Value::Set(set));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AsSet<T>(pub T);

/// Writes a sequence as a Python frozenset; otherwise like [`AsSet`]. A
/// frozenset can be a dict key and an element of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AsFrozenSet<T>(pub T);

macro_rules! written_as {
    ($type:ident, $module:ident, $name:expr, $python:literal) => {
        impl<T: Serialize> Serialize for $type<T> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_newtype_struct($name, &self.0)
            }
        }

        impl<'de, T: Deserialize<'de>> Deserialize<'de> for $type<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                inside($name, deserializer).map(Self)
            }
        }

        #[doc = concat!("For fields that are to be written as a Python ", $python, ":")]
        #[doc = concat!("`#[serde(with = \"execnet_serializer::typed::", $python, "\")]`.")]
        pub mod $module {
            use super::*;

            #[doc = concat!("Writes a sequence, tuple or array as a ", $python, ".")]
            ///
            /// # Errors
            /// When the value is none of these, or when an element cannot be
            /// written or is unhashable in Python.
            pub fn serialize<T: Serialize, S: Serializer>(
                value: &T,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_newtype_struct($name, value)
            }

            /// Reads any sequence.
            ///
            /// # Errors
            /// When an element cannot be read.
            pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<T, D::Error> {
                inside($name, deserializer)
            }
        }
    };
}

written_as!(AsSet, set, SET, "set");
written_as!(AsFrozenSet, frozenset, FROZENSET, "frozenset");

/// Reads the content of a newtype struct.
pub(super) fn inside<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    name: &'static str,
    deserializer: D,
) -> Result<T, D::Error> {
    struct Inside<T>(&'static str, PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Inside<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<T, D::Error> {
            T::deserialize(inner)
        }
    }

    deserializer.deserialize_newtype_struct(name, Inside(name, PhantomData))
}

impl Serialize for Complex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(COMPLEX, &(self.re, self.im))
    }
}

impl<'de> Deserialize<'de> for Complex {
    /// From a complex number or two floats.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (re, im) = inside(COMPLEX, deserializer)?;
        Ok(Self { re, im })
    }
}

/// A scalar of this format that serde has no method for, as other formats and
/// serde's own buffers see it: a map of one pair, within an option.
///
/// The option distinguishes it from a dict of the same content, because this
/// format has no options. A map can be represented in every format and is not
/// mistaken for a plain number.
pub(super) struct Marked<T> {
    pub(super) key: &'static str,
    pub(super) content: T,
}

impl<T: Serialize> Serialize for Marked<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.key, &self.content)])
    }
}

/// Gives the visitor such a scalar in the form in which it is written.
pub(super) fn visit_marked<'de, T: IntoDeserializer<'de, E>, V: Visitor<'de>, E: de::Error>(
    key: &'static str,
    content: T,
    visitor: V,
) -> Result<V::Value, E> {
    let pair = core::iter::once((key, content));
    visitor.visit_some(MapDeserializer::new(pair))
}

/// Whether a text is this one, without a heap.
struct Name(&'static str);

impl<'de> de::DeserializeSeed<'de> for Name {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(text == self.0)
    }
}

impl Serialize for ChannelId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (key, content) = (CHANNEL_KEY, self.0);
        serializer.serialize_newtype_struct(CHANNEL, &Some(Marked { key, content }))
    }
}

impl<'de> Deserialize<'de> for ChannelId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id {
            /// Whether the map of a [`Marked`] scalar follows.
            in_map: bool,
        }

        impl<'de> Visitor<'de> for Id {
            type Value = ChannelId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self.in_map {
                    true => "a map of `$channel`",
                    false => "a channel",
                })
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                marked: D,
            ) -> Result<ChannelId, D::Error> {
                marked.deserialize_option(self)
            }

            fn visit_some<D: Deserializer<'de>>(self, map: D) -> Result<ChannelId, D::Error> {
                map.deserialize_map(Self { in_map: true })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<ChannelId, A::Error> {
                match pairs.next_key_seed(Name(CHANNEL_KEY))? {
                    Some(true) => pairs.next_value().map(ChannelId),
                    _ => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
                }
            }
        }

        deserializer.deserialize_newtype_struct(CHANNEL, Id { in_map: false })
    }
}
