//! Iterators over the parts of a document's containers.

use core::fmt;
use core::iter::FusedIterator;

use super::Node;
use super::slot::Slot;

/// The parts of a container, in order.
#[derive(Clone, Copy)]
pub struct Items<'d, 'a> {
    pub(super) slots: &'d [Slot<'a>],
    pub(super) next: u32,
    pub(super) left: u32,
}

impl<'d, 'a> Iterator for Items<'d, 'a> {
    type Item = Node<'d, 'a>;

    #[inline]
    fn next(&mut self) -> Option<Node<'d, 'a>> {
        self.left = self.left.checked_sub(1)?;
        let slot = self.slots.get(self.next as usize)?;
        self.next = slot.next;
        Some(Node::new(self.slots, slot))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Items<'_, '_> {}
impl FusedIterator for Items<'_, '_> {}

impl fmt::Debug for Items<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// The pairs of a dict in the order of the input. A repeated key appears
/// repeatedly; its last value counts.
#[derive(Clone, Copy)]
pub struct Pairs<'d, 'a>(pub(super) Items<'d, 'a>);

impl<'d, 'a> Iterator for Pairs<'d, 'a> {
    type Item = (Node<'d, 'a>, Node<'d, 'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some((self.0.next()?, self.0.next()?))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let pairs = self.0.len() / 2;
        (pairs, Some(pairs))
    }
}

impl ExactSizeIterator for Pairs<'_, '_> {}
impl FusedIterator for Pairs<'_, '_> {}

impl fmt::Debug for Pairs<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(*self).finish()
    }
}
