//! [`Int`] as a type of serde.

use alloc::string::{String, ToString};
use core::fmt;

use serde_core::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_core::ser::{Serialize, Serializer};

use crate::Int;
use crate::typed::special::{self, Marked};

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(special::INT, &Number(self))
    }
}

/// As the widest integers that all formats have, or as digits.
struct Number<'i>(&'i Int);

impl Serialize for Number<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self.0.to_i64(), u64::try_from(self.0)) {
            (Some(value), _) => serializer.serialize_i64(value),
            (None, Ok(value)) => serializer.serialize_u64(value),
            (None, Err(_)) => {
                let (key, content) = (special::INT_KEY, self.0.to_string());
                serializer.serialize_some(&Marked { key, content })
            }
        }
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Int;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer")
            }

            visits! {
                Int:
                visit_i64(i64) => Int::from;
                visit_i128(i128) => Int::from;
                visit_u64(u64) => Int::from;
                visit_u128(u128) => Int::from;
            }

            fn visit_some<D: Deserializer<'de>>(self, pair: D) -> Result<Int, D::Error> {
                pair.deserialize_any(self)
            }

            /// A [`Marked`] one, or a number that `serde_json` keeps as text.
            fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Int, A::Error> {
                match pairs.next_key::<String>()?.as_deref() {
                    Some(special::INT_KEY | special::JSON_NUMBER) => digits(pairs.next_value()?),
                    _ => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
                }
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, other: D) -> Result<Int, D::Error> {
                other.deserialize_any(self)
            }
        }

        deserializer.deserialize_newtype_struct(special::INT, Any)
    }
}

pub(super) fn digits<E: de::Error>(text: String) -> Result<Int, E> {
    text.parse().map_err(E::custom)
}
