//! The types of Python that serde's calls do not tell apart, as variants of an enum.

use core::iter::once;

use serde_core::de::value::{MapAccessDeserializer, MapDeserializer};
use serde_core::de::{Deserializer, IntoDeserializer, Visitor};

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

/// Gives a node to the visitor of a [`Value`](crate::Value).
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
    visit_tagged(tag, node, visitor)
}

/// Gives a node to the visitor as the content of the variant `tag`. Serde has a
/// deserializer of enums for this, which reads the pair of a map.
pub(in crate::typed) fn visit_tagged<'de, D: Deserializer<'de>, V: Visitor<'de>>(
    tag: Tag,
    node: D,
    visitor: V,
) -> Result<V::Value, D::Error> {
    let pair = MapDeserializer::new(once((tag as u8, Content(node))));
    visitor.visit_enum(MapAccessDeserializer::new(pair))
}

/// A deserializer where serde asks for something that becomes one.
struct Content<D>(D);

impl<'de, D: Deserializer<'de>> IntoDeserializer<'de, D::Error> for Content<D> {
    type Deserializer = D;

    fn into_deserializer(self) -> D {
        self.0
    }
}
