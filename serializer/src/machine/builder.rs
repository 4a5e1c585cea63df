//! The trait by which a decoder supplies the stack machine with the building of values.

use super::StackEntry;
use crate::error::LoadError;
use crate::scalar::Scalar;

/// Builds the values of one decoder.
pub(crate) trait ValueBuilder<'a> {
    /// A value, or a handle to it.
    type Node: Default;

    // Nodes are written into `place`, which holds a default, because moving a
    // node right after writing its parts is slow.

    /// Makes a scalar.
    fn scalar(&mut self, scalar: Scalar<'a>, place: &mut Self::Node) -> Result<(), LoadError>;
    /// Appends a scalar to a list.
    fn append_scalar(&mut self, list: &mut Self::Node, item: Scalar<'a>) -> Result<(), LoadError>;
    /// Sets a pair of scalars in a dict.
    fn insert_scalars(
        &mut self,
        dict: &mut Self::Node,
        key: Scalar<'a>,
        value: Scalar<'a>,
    ) -> Result<(), LoadError>;
    /// Makes a list with capacity for `room` items.
    fn list(&mut self, room: usize, offset: usize, place: &mut Self::Node)
    -> Result<(), LoadError>;
    /// Makes an empty dict.
    fn dict(&mut self, offset: usize, place: &mut Self::Node) -> Result<(), LoadError>;
    /// Appends an item to a list and leaves a default in `item`.
    fn append(
        &mut self,
        list: &mut Self::Node,
        item: &mut Self::Node,
        offset: usize,
    ) -> Result<(), LoadError>;
    /// Sets a pair in a dict and leaves defaults in `key` and `value`. The key
    /// is hashable.
    fn insert(
        &mut self,
        dict: &mut Self::Node,
        key: &mut Self::Node,
        value: &mut Self::Node,
        offset: usize,
    ) -> Result<(), LoadError>;
    /// Makes a tuple, set or frozenset of values, which it takes out of the
    /// entries. Elements of a set are hashable.
    fn collection(
        &mut self,
        kind: Collection,
        items: &mut [StackEntry<Self::Node>],
        offset: usize,
    ) -> Result<Self::Node, LoadError>;
    /// Closes the topmost open list or dict: it gets no more items.
    fn close(&mut self, node: &mut Self::Node, offset: usize) -> Result<(), LoadError>;
    /// The integer in a node, if it can be the index of a list item.
    fn index(&self, node: &Self::Node) -> Option<u32>;
}

/// A container made of the topmost values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collection {
    Tuple,
    Set,
    FrozenSet,
}
