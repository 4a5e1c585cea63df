//! Converts a document into a [`Value`] on the heap.

use alloc::borrow::ToOwned;

use super::{Node, NodeKind};
use crate::{Int, Value};

impl Node<'_, '_> {
    /// The value of this node, equal to the one that
    /// [`loads`](crate::loads) returns for the same bytes.
    #[must_use]
    pub fn to_value(self) -> Value {
        match self.kind() {
            NodeKind::None => Value::None,
            NodeKind::Bool(value) => Value::Bool(value),
            NodeKind::Int(value) => Value::from(value),
            NodeKind::BigInt(value) => Value::Int(Int::from(value)),
            NodeKind::Float(value) => Value::Float(value),
            NodeKind::Complex(value) => Value::Complex(value),
            NodeKind::Bytes(bytes) => Value::Bytes(bytes.to_owned()),
            NodeKind::Str(text) => Value::from(text),
            NodeKind::Latin1(bytes) => Value::Str(bytes.iter().copied().map(char::from).collect()),
            NodeKind::List(items) => Value::List(items.map(Node::to_value).collect()),
            NodeKind::Tuple(items) => Value::Tuple(items.map(Node::to_value).collect()),
            NodeKind::Set(items) => Value::Set(items.map(Node::to_value).collect()),
            NodeKind::FrozenSet(items) => Value::FrozenSet(items.map(Node::to_value).collect()),
            NodeKind::Dict(pairs) => {
                let pair = |(key, value): (Self, Self)| (key.to_value(), value.to_value());
                Value::Dict(pairs.map(pair).collect())
            }
            NodeKind::Channel(id) => Value::Channel(id),
        }
    }
}

impl From<Node<'_, '_>> for Value {
    fn from(node: Node<'_, '_>) -> Self {
        node.to_value()
    }
}
