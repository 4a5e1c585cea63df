//! The stack of the machine, and what its entries know about the values on it.

use core::ops::DerefMut;

use crate::error::{LoadError, LoadErrorKind};
use crate::limits::Limits;

/// Storage of values that are not yet in a container: a `Vec`, or a
/// `heapless::Vec` where there is no heap.
pub(crate) trait Stack<T>: DerefMut<Target = [T]> {
    /// Why nothing can be pushed.
    const FULL: LoadErrorKind;

    /// Returns the value if the storage is full.
    fn try_push(&mut self, item: T) -> Result<(), T>;
    fn truncate(&mut self, len: usize);
    /// Reserves memory for at least this many more values, if there is any.
    fn reserve(&mut self, more: usize);
    /// Whether one more can be pushed; after this a push need not grow.
    fn has_room(&mut self) -> bool;
}

/// Grows the storage if it is full and there is memory, so that the push does not: a push that may
/// grow needs the value in memory, to drop it on failure.
#[cfg(feature = "alloc")]
#[inline(always)]
pub(crate) fn has_room<T>(items: &mut alloc::vec::Vec<T>) -> bool {
    if items.len() == items.capacity() {
        grow(items);
    }
    items.len() < items.capacity()
}

#[cfg(feature = "alloc")]
#[cold]
#[inline(never)]
fn grow<T>(items: &mut alloc::vec::Vec<T>) {
    if !crate::memory::FALLIBLE {
        return items.reserve(1);
    }
    let _ = items.try_reserve(1);
}

#[cfg(feature = "alloc")]
impl<T> Stack<T> for alloc::vec::Vec<T> {
    const FULL: LoadErrorKind = LoadErrorKind::Memory;

    #[inline]
    fn try_push(&mut self, item: T) -> Result<(), T> {
        if !has_room(self) {
            return Err(item);
        }
        self.push(item);
        Ok(())
    }

    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }

    fn reserve(&mut self, more: usize) {
        // The push that finds no memory reports it.
        let _ = self.try_reserve(more);
    }

    #[inline(always)]
    fn has_room(&mut self) -> bool {
        has_room(self)
    }
}

impl<T, const N: usize> Stack<T> for heapless::Vec<T, N> {
    const FULL: LoadErrorKind = LoadErrorKind::Capacity;

    #[inline]
    fn try_push(&mut self, item: T) -> Result<(), T> {
        self.push(item)
    }

    fn truncate(&mut self, len: usize) {
        self.truncate(len);
    }

    fn reserve(&mut self, _more: usize) {}

    #[inline(always)]
    fn has_room(&mut self) -> bool {
        !self.is_full()
    }
}

/// A value on the stack, with the properties that the checks need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StackEntry<N> {
    pub(crate) node: N,
    pub(super) open: OpenContainer,
    /// Containers inside one another, itself included. A container is made after
    /// its parts or filled by them, so depth is known from the inside: it counts
    /// levels up from the scalars, not down from the root.
    pub(super) height: u16,
    pub(super) hashable: bool,
}

/// The state of a container that may still be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenContainer {
    Nothing,
    Pairs,
    Items {
        filled: u32,
        missing: u32,
        /// Whether the index of the next item was read. The index itself does
        /// not become a value.
        indexed: bool,
    },
}

impl OpenContainer {
    /// Whether this is a list that was given an index, and no item for it.
    #[inline]
    pub(super) const fn is_indexed(&self) -> bool {
        matches!(self, Self::Items { indexed: true, .. })
    }

    /// The next slot of a list is filled.
    #[inline]
    pub(super) const fn fill(&mut self, at: usize) -> Result<(), LoadError> {
        if let Self::Items {
            filled,
            missing,
            indexed,
        } = self
        {
            // More items than the list announced: no index is right any more.
            if *missing == 0 {
                return Err(wrong_index(*filled, at));
            }
            *filled += 1;
            *missing -= 1;
            *indexed = false;
        }
        Ok(())
    }
}

impl<N> StackEntry<N> {
    /// This goes around another.
    #[inline]
    pub(super) fn rise_above(
        &mut self,
        part: &Self,
        limits: Limits,
        at: usize,
    ) -> Result<(), LoadError> {
        // Cannot overflow: heights are checked at each step, and the limit is at most 512.
        self.height = self.height.max(part.height + 1);
        check_height(self.height, limits, at)
    }
}

/// Pushes a default, to be filled in place.
#[inline(always)]
pub(super) fn push<N: Default, S: Stack<StackEntry<N>>>(
    stack: &mut S,
    open: OpenContainer,
    offset: usize,
) -> Result<&mut N, LoadError> {
    // What is pushed is a scalar or an empty list or dict; tuples and sets get their
    // height and hashability from their parts afterwards.
    let is_scalar = open == OpenContainer::Nothing;
    // Before the push, so that the entry is made in its place.
    if stack.has_room() {
        let pushed = stack.try_push(StackEntry {
            node: N::default(),
            open,
            height: u16::from(!is_scalar),
            hashable: is_scalar,
        });
        if pushed.is_ok()
            && let Some(entry) = stack.last_mut()
        {
            return Ok(&mut entry.node);
        }
    }
    Err(LoadError::new(S::FULL, offset))
}

#[inline]
pub(super) fn check_height(height: u16, limits: Limits, at: usize) -> Result<(), LoadError> {
    if height > limits.depth() {
        let limit = limits.depth();
        return Err(LoadError::new(LoadErrorKind::Depth(limit), at));
    }
    Ok(())
}

#[cold]
pub(super) const fn wrong_index(filled: u32, at: usize) -> LoadError {
    let expected = filled as usize;
    LoadError::new(LoadErrorKind::ListIndex { expected }, at)
}
