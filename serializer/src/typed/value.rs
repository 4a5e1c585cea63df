//! Values through serde: lossless in this format, as close as possible in
//! others.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde_core::de::value::U8Deserializer;
use serde_core::de::{
    self, Deserialize, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde_core::ser::{Serialize, SerializeMap, SerializeTuple, Serializer};

use super::Error;
use super::special::{self, Marked};
use crate::{ChannelId, Complex, Dict, Int, Node, NodeKind, Set, Value};

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
                serializer.serialize_newtype_struct(special::FROZENSET, &Elements(items))
            }
            Self::Channel(id) => id.serialize(serializer),
        }
    }
}

impl Serialize for Dict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        self.iter()
            .try_for_each(|(key, value)| map.serialize_entry(key, value))?;
        map.end()
    }
}

impl Serialize for Set {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(special::SET, &Elements(self))
    }
}

/// The elements of a set or frozenset.
struct Elements<'s>(&'s Set);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter())
    }
}

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
                Marked::new(special::INT_KEY, self.0.to_string()).serialize(serializer)
            }
        }
    }
}

/// The type of a node, if serde's calls do not determine it.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Tag {
    Tuple,
    Set,
    FrozenSet,
    Complex,
    /// In other formats a map may be a number of `serde_json`. In this one a
    /// dict, which a peer can send, never is.
    Dict,
}

impl Tag {
    const ALL: [Self; 5] = [
        Self::Tuple,
        Self::Set,
        Self::FrozenSet,
        Self::Complex,
        Self::Dict,
    ];
}

/// Gives a node to the visitor of a [`Value`].
pub(super) fn visit<'de, V: Visitor<'de>>(
    node: Node<'_, 'de>,
    visitor: V,
) -> Result<V::Value, Error> {
    let tag = match node.kind() {
        NodeKind::Tuple(_) => Tag::Tuple,
        NodeKind::Set(_) => Tag::Set,
        NodeKind::FrozenSet(_) => Tag::FrozenSet,
        NodeKind::Complex(_) => Tag::Complex,
        NodeKind::Dict(_) => Tag::Dict,
        _ => return node.deserialize_any(visitor),
    };
    visitor.visit_enum(Tagged { tag, node })
}

/// A node with its tag.
pub(super) struct Tagged<D> {
    pub(super) tag: Tag,
    pub(super) node: D,
}

impl<'de, D: Deserializer<'de>> EnumAccess<'de> for Tagged<D> {
    type Error = D::Error;
    type Variant = Self;

    fn variant_seed<V: de::DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), D::Error> {
        let tag = seed.deserialize(U8Deserializer::<D::Error>::new(self.tag as u8))?;
        Ok((tag, self))
    }
}

impl<'de, D: Deserializer<'de>> VariantAccess<'de> for Tagged<D> {
    type Error = D::Error;

    fn unit_variant(self) -> Result<(), D::Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, D::Error> {
        seed.deserialize(self.node)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.node.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.node.deserialize_map(visitor)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(special::VALUE, Values { marked: false })
    }
}

/// Scalars that a visitor takes as they are.
macro_rules! visits {
    ($($method:ident($type:ty) => $make:expr;)*) => {$(
        fn $method<E: de::Error>(self, value: $type) -> Result<Value, E> {
            let make: fn($type) -> Value = $make;
            Ok(make(value))
        }
    )*};
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

fn digits<E: de::Error>(text: String) -> Result<Int, E> {
    text.parse().map_err(E::custom)
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

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        /// Every integer there is.
        macro_rules! visit_ints {
            ($($method:ident($type:ty);)*) => {$(
                fn $method<E: de::Error>(self, value: $type) -> Result<Int, E> {
                    Ok(Int::from(value))
                }
            )*};
        }

        impl<'de> Visitor<'de> for Any {
            type Value = Int;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an integer")
            }

            visit_ints! {
                visit_i64(i64);
                visit_i128(i128);
                visit_u64(u64);
                visit_u128(u128);
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
