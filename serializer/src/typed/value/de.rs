//! `Deserialize` for [`Value`] and its containers.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde_core::de::{
    self, Deserialize, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::int::digits;
use super::tag::Tag;
use crate::typed::special;
use crate::{ChannelId, Complex, Dict, Int, Set, Value};

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(special::VALUE, Values { marked: false })
    }
}

struct Values {
    /// Whether a map may be that of a [`Marked`] scalar.
    marked: bool,
}

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    visits! {
        Value:
        visit_bool(bool) => Value::Bool;
        visit_i64(i64) => Value::from;
        visit_i128(i128) => Value::from;
        visit_u64(u64) => Value::from;
        visit_u128(u128) => Value::from;
        visit_f64(f64) => Value::Float;
        visit_str(&str) => |text| Value::from(text);
        visit_string(String) => |text| Value::from(text);
        visit_bytes(&[u8]) => |bytes| Value::Bytes(bytes.to_vec());
        visit_byte_buf(Vec<u8>) => Value::Bytes;
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    /// A [`Marked`] scalar out of serde's buffers, or an option of another
    /// format.
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Value, D::Error> {
        inner.deserialize_any(Self { marked: true })
    }

    /// Other formats come here, with a deserializer of themselves.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, other: D) -> Result<Value, D::Error> {
        other.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Value, A::Error> {
        let first: Option<Value> = pairs.next_key()?;
        match first.as_ref().and_then(Value::as_str) {
            Some(special::JSON_NUMBER) => json_number(pairs.next_value()?),
            Some(special::INT_KEY) if self.marked => digits(pairs.next_value()?).map(Value::Int),
            Some(special::CHANNEL_KEY) if self.marked => {
                pairs.next_value().map(|id| Value::Channel(ChannelId(id)))
            }
            _ => collect(first, pairs).map(Value::Dict),
        }
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Value, A::Error> {
        let (tag, content) = tagged.variant::<u8>()?;
        match Tag::ALL.get(usize::from(tag)) {
            Some(Tag::Tuple) => content.newtype_variant().map(Value::Tuple),
            Some(Tag::Set) => content.newtype_variant().map(Value::Set),
            Some(Tag::FrozenSet) => content.newtype_variant().map(Value::FrozenSet),
            Some(Tag::Complex) => content.newtype_variant::<Complex>().map(Value::Complex),
            Some(Tag::Dict) => content.newtype_variant().map(Value::Dict),
            None => Err(de::Error::custom("a value of unknown kind")),
        }
    }
}

fn collect<'de, A: MapAccess<'de>>(first: Option<Value>, mut pairs: A) -> Result<Dict, A::Error> {
    let mut all: Vec<(Value, Value)> = Vec::new();
    if let Some(key) = first {
        all.push((key, pairs.next_value()?));
    }
    while let Some(pair) = pairs.next_entry()? {
        all.push(pair);
    }
    Ok(all.into_iter().collect())
}

/// A number that `serde_json` keeps as text.
fn json_number<E: de::Error>(text: String) -> Result<Value, E> {
    match (text.parse::<Int>(), text.parse::<f64>()) {
        (Ok(int), _) if text != "-0" => Ok(Value::Int(int)),
        (_, Ok(float)) if float.is_finite() => Ok(Value::Float(float)),
        _ => Err(E::custom("a JSON number beyond what a float can say")),
    }
}

impl<'de> Deserialize<'de> for Dict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Dict;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a dict")
            }

            fn visit_map<A: MapAccess<'de>>(self, pairs: A) -> Result<Dict, A::Error> {
                collect(None, pairs)
            }
        }

        deserializer.deserialize_map(All)
    }
}

impl<'de> Deserialize<'de> for Set {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let elements: Vec<Value> = special::inside(special::SET, deserializer)?;
        Ok(elements.into_iter().collect())
    }
}
