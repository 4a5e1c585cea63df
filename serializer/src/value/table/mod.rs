//! Entries in insertion order with an index of their keys: the table of dicts
//! and sets.

mod compare;
mod entry;
mod index;
mod indexed;
mod small;

use alloc::vec::Vec;

use super::index::sealed::Lookup;
use super::key::{self, addend, is_container, same_key, text_hash};
use super::{LookupKey, Value};
use crate::memory::{self, TryBox};
use indexed::Indexed;
use small::{are_distinct, merge_small};

pub(super) use entry::Entry;

/// Up to this many entries are searched linearly, which is faster than building
/// an index.
const SMALL: usize = 32;

/// Entries of different keys, in order.
///
/// Hashes are kept for the keys that are containers: comparing and hashing
/// nested sets would otherwise take time in proportion to depth times size.
#[derive(Clone)]
pub(super) enum Table<E> {
    /// At most [`SMALL`], and no container among the keys.
    Small(Vec<E>),
    Indexed(TryBox<Indexed<E>>),
}

/// The half of a hash that slots keep.
const fn half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Merges each entry into the earlier one of the same key, which `find` looks for
/// among those that are kept so far. Returns their number; they come first.
#[inline]
fn merge<E: Entry>(
    entries: &mut [E],
    mut find: impl for<'e> FnMut(&'e mut [E], &E) -> Option<&'e mut E>,
) -> usize {
    let mut kept = 0;
    for next in 0..entries.len() {
        let (earlier, later) = entries.split_at_mut(next);
        let (Some(earlier), Some(entry)) = (earlier.get_mut(..kept), later.first_mut()) else {
            break;
        };
        if let Some(held) = find(earlier, entry) {
            held.merge(entry);
        } else {
            if kept < next {
                entries.swap(kept, next);
            }
            kept += 1;
        }
    }
    kept
}

impl<E> Table<E> {
    pub(super) const fn new() -> Self {
        Self::Small(Vec::new())
    }

    #[inline]
    pub(super) const fn entries(&self) -> &Vec<E> {
        match self {
            Self::Small(entries) => entries,
            Self::Indexed(indexed) => &indexed.get().entries,
        }
    }

    /// The entries, whose keys may not change.
    #[inline]
    pub(super) const fn entries_mut(&mut self) -> &mut Vec<E> {
        match self {
            Self::Small(entries) => entries,
            Self::Indexed(indexed) => &mut indexed.get_mut().entries,
        }
    }

    pub(super) fn into_entries(self) -> Vec<E> {
        match self {
            Self::Small(entries) => entries,
            Self::Indexed(indexed) => indexed.into_inner().entries,
        }
    }
}

impl<E: Entry> Table<E> {
    /// Merges the entries of one key: the first stays in its place, with the
    /// value of the last.
    pub(super) fn from_entries(entries: Vec<E>) -> Self {
        Self::try_from_entries(entries).unwrap_or_else(|| memory::exhausted())
    }

    /// As [`from_entries`](Self::from_entries); `None` if there is no memory for
    /// the index.
    pub(super) fn try_from_entries(mut entries: Vec<E>) -> Option<Self> {
        if entries.len() > SMALL || entries.iter().any(|entry| is_container(entry.key())) {
            return Indexed::new(entries)
                .and_then(TryBox::try_new)
                .map(Self::Indexed);
        }
        if !are_distinct(&entries) {
            merge_small(&mut entries);
        }
        Some(Self::Small(entries))
    }

    /// The position of a key.
    pub(super) fn position(&self, key: &Value) -> Option<usize> {
        match self {
            Self::Small(entries) => entries.iter().position(|held| same_key(held.key(), key)),
            Self::Indexed(indexed) => indexed.find(key::hash(key)?, |held| same_key(held, key)),
        }
    }

    /// The position of a key, given as a value or as text.
    #[inline]
    pub(super) fn find<K: LookupKey + ?Sized>(&self, key: &K) -> Option<usize> {
        match key.lookup() {
            Lookup::Text(text) => self.text_position(text),
            Lookup::Value(key) => self.position(key),
        }
    }

    /// The position of a text key.
    fn text_position(&self, key: &str) -> Option<usize> {
        let is_key = |held: &Value| held.as_str() == Some(key);
        match self {
            Self::Small(entries) => entries.iter().position(|held| is_key(held.key())),
            Self::Indexed(indexed) => indexed.find(text_hash(key), is_key),
        }
    }

    /// Appends an entry with a new key.
    pub(super) fn push(&mut self, entry: E) {
        match self {
            Self::Small(entries) if entries.len() < SMALL && !is_container(entry.key()) => {
                entries.push(entry);
            }
            Self::Small(entries) => {
                let mut entries = core::mem::take(entries);
                entries.push(entry);
                *self = Self::from_entries(entries);
            }
            Self::Indexed(indexed) => indexed.push(entry),
        }
    }

    /// Removes an entry; the later ones move up.
    pub(super) fn remove(&mut self, position: usize) -> E {
        match self {
            Self::Small(entries) => entries.remove(position),
            Self::Indexed(indexed) => indexed.remove(position),
        }
    }

    /// Keeps the entries for which this is true.
    pub(super) fn retain(&mut self, keep: impl FnMut(&mut E) -> bool) {
        // The index is built anew: that is linear, and removing one by one is not.
        let mut entries = core::mem::take(self).into_entries();
        entries.retain_mut(keep);
        *self = Self::from_entries(entries);
    }

    /// A number that the same keys have in any order; `None` if one of them
    /// equals nothing.
    pub(super) fn hash_sum(&self) -> Option<u64> {
        let mut sum = 0_u64;
        match self {
            Self::Small(entries) => {
                for entry in entries {
                    sum = sum.wrapping_add(addend(half(key::hash(entry.key())?)));
                }
            }
            // A key without a slot equals nothing.
            Self::Indexed(indexed) if indexed.index.len() < indexed.entries.len() => return None,
            Self::Indexed(indexed) => {
                for slot in indexed.index.slots() {
                    sum = sum.wrapping_add(addend(slot.hash));
                }
            }
        }
        Some(sum)
    }
}

impl<E> Default for Table<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Entry> FromIterator<E> for Table<E> {
    fn from_iter<I: IntoIterator<Item = E>>(entries: I) -> Self {
        Self::from_entries(entries.into_iter().collect())
    }
}
