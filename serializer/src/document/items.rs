//! The parts of containers of a document.

use core::fmt;
use core::iter::FusedIterator;

use super::Node;
use super::slot::{Slot, Span};

/// The parts of a container, in order.
#[derive(Clone, Copy)]
pub struct Items<'d, 'a> {
    slots: &'d [Slot<'a>],
    next: u32,
    left: u32,
}

impl<'d, 'a> Items<'d, 'a> {
    pub(super) const fn new(slots: &'d [Slot<'a>], span: Span) -> Self {
        Self {
            slots,
            next: span.first,
            left: span.len,
        }
    }
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
pub struct Pairs<'d, 'a>(Items<'d, 'a>);

impl<'d, 'a> Pairs<'d, 'a> {
    pub(super) const fn new(parts: Items<'d, 'a>) -> Self {
        Self(parts)
    }
}

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
