//! Exact equality and hash of tables, in any order of their entries.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::{Entry, Table};
use crate::Value;
use crate::value::key::{self, exact_hasher, is_container, is_nan};
use crate::value::order::Sorted;

impl<E: Entry> Table<E> {
    /// The entry whose key is exactly equal to one that equals something to
    /// Python too.
    fn exact(&self, key: &Value) -> Option<&E> {
        match self {
            Self::Small(entries) => entries.iter().find(|held| held.key() == key),
            Self::Indexed(indexed) => {
                let position = indexed.find(key::hash(key)?, |held| held == key);
                indexed.entries.get(position?)
            }
        }
    }

    /// The entries whose keys equal nothing to Python, sorted.
    fn unequal(&self) -> Vec<Sorted<'_>> {
        let unequal = self.entries().iter();
        let unequal = unequal.filter(|entry| key::hash(entry.key()).is_none());
        let mut sorted: Vec<_> = unequal.map(Entry::sorted).collect();
        sorted.sort_unstable();
        sorted
    }
}

impl<E: Entry> PartialEq for Table<E> {
    /// Exactly equal entries in any order.
    ///
    /// The entries of one table have different keys, so each key has one
    /// candidate in the other, found by its hash: nothing is compared twice.
    /// Only keys that equal nothing may be there more than once.
    fn eq(&self, other: &Self) -> bool {
        let (entries, others) = (self.entries(), other.entries());
        if entries.len() != others.len() {
            return false;
        }
        // Whether there are keys that equal nothing; these have no candidate.
        let mut unequal = false;
        for (entry, beside) in entries.iter().zip(others) {
            let key = entry.key();
            let held = if is_nan(key) {
                None
            } else if !is_container(key) && key == beside.key() {
                // Mostly in the same order: no look-up. For containers it would compare
                // their contents, and once more if they differ.
                Some(beside)
            } else {
                other.exact(key)
            };
            match held {
                Some(held) if entry.is_rest_equal(held) => {}
                None if key::hash(key).is_none() => unequal = true,
                _ => return false,
            }
        }
        // Sorted, because any of them may correspond to any.
        !unequal || self.unequal() == other.unequal()
    }
}

impl<E: Entry> Eq for Table<E> {}

impl<E: Entry> Hash for Table<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut sum = 0_u64;
        for entry in self.entries() {
            let mut hasher = exact_hasher();
            entry.hash(&mut hasher);
            // A sum is the same in any order. Each entry is hashed by a seeded hasher of
            // its own, so that nobody can choose entries whose sums are equal.
            sum = sum.wrapping_add(hasher.finish());
        }
        state.write_u64(sum);
        state.write_usize(self.entries().len());
    }
}
