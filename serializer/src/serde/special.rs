//! Types that serde's data model has no word for.
//!
//! They travel through serde as newtype structs of these names, which the
//! serializer and deserializer of this crate know. To any other format they
//! are what they wrap.

use core::fmt;

use serde_core::de::{self, Deserialize, Deserializer, Visitor};
use serde_core::ser::{Serialize, SerializeTuple, Serializer};

use crate::{Bytes, ChannelId, Complex};

pub(super) const SET: &str = "$execnet::Set";
pub(super) const FROZENSET: &str = "$execnet::FrozenSet";
pub(super) const COMPLEX: &str = "$execnet::Complex";
pub(super) const CHANNEL: &str = "$execnet::Channel";
#[cfg(feature = "alloc")]
pub(super) const INT: &str = "$execnet::Int";
#[cfg(feature = "alloc")]
pub(super) const VALUE: &str = "$execnet::Value";

/// Written as a Python set, where a sequence by itself is a list. Reading
/// needs no help: every sequence type reads sets.
///
/// Whatever serializes as a sequence can be in it: `Vec`, `HashSet`,
/// `BTreeSet`. Use the modules [`set`] and [`frozenset`] for fields of
/// structs.
///
/// ```
/// use execnet_serializer::{to_vec, loads, Set, Value, serde::AsSet};
/// let bytes = to_vec(&AsSet([1, 2].as_slice()))?;
/// let set: Set = [1, 2].map(Value::from).into_iter().collect();
/// assert_eq!(loads(&bytes)?, Value::Set(set));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct AsSet<T>(pub T);

/// Written as a Python frozenset; otherwise as [`AsSet`]. A frozenset can be a
/// dict key and an element of a set.
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
                T::deserialize(deserializer).map(Self)
            }
        }

        #[doc = concat!("For fields that are to be written as a Python ", $python, ":")]
        #[doc = concat!("`#[serde(with = \"execnet_serializer::serde::", $python, "\")]`.")]
        pub mod $module {
            use super::*;

            #[doc = concat!("Writes a sequence as a ", $python, ".")]
            ///
            /// # Errors
            /// When an element cannot be written or is unhashable in Python.
            pub fn serialize<T: Serialize, S: Serializer>(
                value: &T,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_newtype_struct($name, value)
            }

            /// Reads any sequence.
            ///
            /// # Errors
            /// When an element does not fit.
            pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<T, D::Error> {
                T::deserialize(deserializer)
            }
        }
    };
}

written_as!(AsSet, set, SET, "set");
written_as!(AsFrozenSet, frozenset, FROZENSET, "frozenset");

impl Serialize for Complex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(COMPLEX, &Parts(*self))
    }
}

/// The two floats.
struct Parts(Complex);

impl Serialize for Parts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parts = serializer.serialize_tuple(2)?;
        parts.serialize_element(&self.0.re)?;
        parts.serialize_element(&self.0.im)?;
        parts.end()
    }
}

impl<'de> Deserialize<'de> for Complex {
    /// From a complex number or two floats.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (re, im) = Deserialize::deserialize(deserializer)?;
        Ok(Self { re, im })
    }
}

impl Serialize for ChannelId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(CHANNEL, &self.0)
    }
}

impl<'de> Deserialize<'de> for ChannelId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;

        impl<'de> Visitor<'de> for Id {
            type Value = ChannelId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a channel")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<ChannelId, D::Error> {
                i32::deserialize(deserializer).map(ChannelId)
            }
        }

        deserializer.deserialize_newtype_struct(CHANNEL, Id)
    }
}

impl<B: AsRef<[u8]>> Serialize for Bytes<B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_ref())
    }
}

impl<'de, B: From<&'de [u8]>> Deserialize<'de> for Bytes<B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrowed<B>(core::marker::PhantomData<B>);

        impl<'de, B: From<&'de [u8]>> Visitor<'de> for Borrowed<B> {
            type Value = Bytes<B>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_borrowed_bytes<E: de::Error>(self, bytes: &'de [u8]) -> Result<Bytes<B>, E> {
                Ok(Bytes(B::from(bytes)))
            }
        }

        deserializer.deserialize_bytes(Borrowed(core::marker::PhantomData))
    }
}
