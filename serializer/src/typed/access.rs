//! Gives serde the parts of a document's containers, and adds them to the path of errors.

use serde_core::de::{
    self, Deserializer, EnumAccess, Error as _, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::Error;
use super::odd_key::OddKey;
use crate::error::Segment;
use crate::{Items, Node, NodeKind, Pairs};

/// Passes all parts to the visitor, which must consume all of them.
#[inline]
pub(super) fn visit_all<'de, A: SeqAccess<'de, Error = Error>, V: Visitor<'de>>(
    mut parts: A,
    visitor: V,
) -> Result<V::Value, Error> {
    let all = parts.size_hint().unwrap_or(0);
    let value = visitor.visit_seq(&mut parts)?;
    match parts.size_hint() {
        Some(left) if left > 0 => Err(Error::invalid_length(all, &Expected(all - left))),
        _ => Ok(value),
    }
}

/// The items of a list, tuple or set.
pub(super) struct Elements<'d, 'de> {
    pub(super) items: Items<'d, 'de>,
    pub(super) given: usize,
}

/// The error of a type that consumed only this many items.
struct Expected(usize);

impl de::Expected for Expected {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} items", self.0)
    }
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        let index = self.given;
        self.given += 1;
        match seed.deserialize(item) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.within(Segment::Index(index))),
        }
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

/// The pairs of a dict.
pub(super) struct Fields<'d, 'de> {
    pairs: Pairs<'d, 'de>,
    current: Option<(Node<'d, 'de>, Node<'d, 'de>)>,
    /// Whether the keys are the names of a struct's fields.
    named: bool,
}

impl<'d, 'de> Fields<'d, 'de> {
    #[inline]
    pub(super) fn visit<V: Visitor<'de>>(
        pairs: Pairs<'d, 'de>,
        named: bool,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut fields = Self {
            pairs,
            current: None,
            named,
        };
        let value = visitor.visit_map(&mut fields)?;
        match fields.pairs.len() {
            0 => Ok(value),
            left => Err(Error::invalid_length(
                pairs.len(),
                &Expected(pairs.len() - left),
            )),
        }
    }

    #[cold]
    fn step(&self, key: Node<'d, 'de>) -> Segment<'de> {
        match key.kind() {
            NodeKind::Str(name) if self.named => Segment::Field(name),
            NodeKind::Str(name) => Segment::Key(name),
            NodeKind::Int(value) => Segment::Number(value),
            _ => Segment::Other,
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_, 'de> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.current = self.pairs.next();
        let Some((key, _)) = self.current else {
            return Ok(None);
        };
        let read = match key.as_str() {
            Some(_) => seed.deserialize(key),
            None => seed.deserialize(OddKey {
                node: key,
                named: self.named,
            }),
        };
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.within(self.step(key))),
        }
    }

    #[inline]
    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let Some((key, value)) = self.current.take() else {
            return Err(Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(value)
            .map_err(|error| error.within(self.step(key)))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.pairs.len())
    }
}

/// A variant with content: a dict of its name and that.
pub(super) struct Variant<'d, 'de> {
    pub(super) name: Node<'d, 'de>,
    pub(super) content: Node<'d, 'de>,
}

impl Variant<'_, '_> {
    fn within<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| match self.name.as_str() {
            Some(name) => error.within(Segment::Field(name)),
            None => error,
        })
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: de::DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        Ok((seed.deserialize(self.name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        self.within(de::Deserialize::deserialize(self.content))
    }

    fn newtype_variant_seed<T: de::DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.within(seed.deserialize(self.content))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.within(self.content.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.within(self.content.deserialize_struct("", fields, visitor))
    }
}
