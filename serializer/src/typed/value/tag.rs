//! The types of Python that serde's calls do not tell apart.

use serde_core::de::value::U8Deserializer;
use serde_core::de::{self, Deserializer, EnumAccess, VariantAccess, Visitor};

use crate::typed::Error;
use crate::{Node, NodeKind};

/// The type of a node, if serde's calls do not determine it.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(in crate::typed) enum Tag {
    Tuple,
    Set,
    FrozenSet,
    Complex,
    /// In other formats a map may be a number of `serde_json`. In this one a
    /// dict, which a peer can send, never is.
    Dict,
}

impl Tag {
    pub(super) const ALL: [Self; 5] = [
        Self::Tuple,
        Self::Set,
        Self::FrozenSet,
        Self::Complex,
        Self::Dict,
    ];
}

/// Gives a node to the visitor of a [`Value`].
pub(in crate::typed) fn visit<'de, V: Visitor<'de>>(
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
pub(in crate::typed) struct Tagged<D> {
    pub(in crate::typed) tag: Tag,
    pub(in crate::typed) node: D,
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
