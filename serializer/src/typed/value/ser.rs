//! `Serialize` for [`Value`] and its containers.

use serde_core::ser::{Serialize, SerializeTuple, Serializer};

use crate::typed::special;
use crate::{Dict, Set, Value};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => value.serialize(serializer),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Complex(value) => value.serialize(serializer),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Str(text) => serializer.serialize_str(text),
            Self::List(items) => items.serialize(serializer),
            Self::Tuple(items) => {
                let mut tuple = serializer.serialize_tuple(items.len())?;
                items
                    .iter()
                    .try_for_each(|item| tuple.serialize_element(item))?;
                tuple.end()
            }
            Self::Dict(pairs) => pairs.serialize(serializer),
            Self::Set(items) => items.serialize(serializer),
            Self::FrozenSet(items) => {
                serializer.serialize_newtype_struct(special::FROZENSET, items.iter().as_slice())
            }
            Self::Channel(id) => id.serialize(serializer),
        }
    }
}

impl Serialize for Dict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl Serialize for Set {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(special::SET, self.iter().as_slice())
    }
}
