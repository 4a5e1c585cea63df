//! The large form of a table: entries with an index of the hashes of their keys.

use alloc::vec::Vec;

use super::index::{Index, Insert, Slot};
use super::{Entry, half, merge};
use crate::value::key::{self, same_key};
use crate::{Value, memory};

/// Entries, and the slots by which their keys are found.
///
/// A slot keeps half of the hash of its key. So no key is hashed again when the
/// index grows, and keys are compared only if these halves agree: else comparing
/// nested sets would take time in proportion to depth times size.
#[derive(Clone)]
pub(in crate::value) struct Indexed<E> {
    pub(super) entries: Vec<E>,
    /// All keys except those that equal nothing.
    pub(super) index: Index,
}

impl<E: Entry> Indexed<E> {
    /// `None` if there is no memory for the index.
    pub(super) fn new(mut entries: Vec<E>) -> Option<Self> {
        let mut index = Index::with_capacity(entries.len())?;
        let kept = match &mut index {
            Index::Few(slots) => merge_by_hash(&mut entries, slots),
            Index::Many(slots) => merge_by_hash(&mut entries, slots),
        };
        if kept < entries.len() {
            // Memory follows the entries that are left: a peer may send one key
            // many times.
            entries.truncate(kept);
            // A smaller block is a new one on some allocators.
            if memory::has_block(2 * kept * (size_of::<E>() + Index::SLOT)) {
                entries.shrink_to(2 * kept);
                index.shrink_to(2 * kept);
            }
        }
        Some(Self { entries, index })
    }

    // Nested sets recurse here once per level. Loops, because closures inside
    // the index would take several times the stack.
    #[inline]
    pub(super) fn find(&self, hash: u64, is_key: impl Fn(&Value) -> bool) -> Option<usize> {
        let hash = half(hash);
        match &self.index {
            Index::Few(slots) => {
                for slot in slots {
                    if let Some(held) = self.key_of(*slot, hash)
                        && is_key(held)
                    {
                        return Some(slot.position());
                    }
                }
            }
            Index::Many(slots) => {
                for slot in Index::candidates(slots, hash) {
                    if let Some(held) = self.key_of(*slot, hash)
                        && is_key(held)
                    {
                        return Some(slot.position());
                    }
                }
            }
        }
        None
    }

    /// The key of a slot, if it has this hash.
    #[inline]
    fn key_of(&self, slot: Slot, hash: u32) -> Option<&Value> {
        let entry = (slot.hash == hash).then(|| self.entries.get(slot.position()));
        entry.flatten().map(Entry::key)
    }

    pub(super) fn push(&mut self, entry: E) {
        if let Some(hash) = key::hash(entry.key()) {
            self.index.insert(half(hash), self.entries.len());
        }
        self.entries.push(entry);
    }

    pub(super) fn remove(&mut self, position: usize) -> E {
        let is_last = position + 1 == self.entries.len();
        let removed = self.entries.remove(position);
        match key::hash(removed.key()) {
            // Removing from the end, as a stack does, takes constant time. Otherwise
            // the later entries move, and so does the position in each slot.
            Some(hash) if is_last => self.index.remove_last(half(hash), position),
            _ => self.index.remove(position),
        }
        removed
    }
}

/// Merges the entries of one key and gives the rest slots. Returns the number of
/// entries that are kept; they come first.
fn merge_by_hash<E: Entry>(entries: &mut [E], index: &mut impl Insert) -> usize {
    merge(entries, |earlier, entry| {
        // Keys that equal nothing, such as a NaN, get no slot: nothing finds them.
        let hash = half(key::hash(entry.key())?);
        let is_equal = |at: usize| {
            let held: Option<&E> = earlier.get(at);
            held.is_some_and(|held| same_key(held.key(), entry.key()))
        };
        let found = index.find_or_insert(hash, earlier.len(), is_equal)?;
        earlier.get_mut(found)
    })
}
