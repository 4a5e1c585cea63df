//! Entries in insertion order with an index of their keys: the table of dicts
//! and sets.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::Value;
use super::index::{Index, Insert, Slot};
use super::key::{self, addend, exact_hasher, is_container, is_nan, same_key, text_hash};
use super::order::Sorted;

/// A key, and in a dict its value.
pub(super) trait Entry: Hash {
    fn key(&self) -> &Value;
    /// Replaces the value by that of a later entry with an equal key.
    fn merge(&mut self, later: &mut Self);
    /// Whether the values, which belong to equal keys, are exactly equal.
    fn is_rest_equal(&self, other: &Self) -> bool;
    fn sorted(&self) -> Sorted<'_>;
}

impl Entry for Value {
    fn key(&self) -> &Value {
        self
    }

    fn merge(&mut self, _later: &mut Self) {}

    fn is_rest_equal(&self, _other: &Self) -> bool {
        true
    }

    fn sorted(&self) -> Sorted<'_> {
        Sorted::of(self)
    }
}

impl Entry for (Value, Value) {
    fn key(&self) -> &Value {
        &self.0
    }

    fn merge(&mut self, later: &mut Self) {
        core::mem::swap(&mut self.1, &mut later.1);
    }

    fn is_rest_equal(&self, other: &Self) -> bool {
        self.1 == other.1
    }

    fn sorted(&self) -> Sorted<'_> {
        Sorted::pair(&self.0, &self.1)
    }
}

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
    Indexed(Box<Indexed<E>>),
}

#[derive(Clone)]
pub(super) struct Indexed<E> {
    entries: Vec<E>,
    /// All keys except those that equal nothing.
    index: Index,
}

/// The half of a hash that slots keep.
const fn half(hash: u64) -> u32 {
    (hash >> 32) as u32
}

impl<E> Table<E> {
    pub(super) const fn new() -> Self {
        Self::Small(Vec::new())
    }

    #[inline]
    pub(super) const fn entries(&self) -> &Vec<E> {
        match self {
            Self::Small(entries) => entries,
            Self::Indexed(indexed) => &indexed.entries,
        }
    }

    /// The entries, whose keys may not change.
    #[inline]
    pub(super) const fn entries_mut(&mut self) -> &mut Vec<E> {
        match self {
            Self::Small(entries) => entries,
            Self::Indexed(indexed) => &mut indexed.entries,
        }
    }

    pub(super) fn into_entries(self) -> Vec<E> {
        match self {
            Self::Small(entries) => entries,
            Self::Indexed(indexed) => indexed.entries,
        }
    }
}

impl<E: Entry> Table<E> {
    /// Merges the entries of one key: the first stays in its place, with the
    /// value of the last.
    pub(super) fn from_entries(mut entries: Vec<E>) -> Self {
        if entries.len() > SMALL || entries.iter().any(|entry| is_container(entry.key())) {
            return Self::Indexed(Box::new(Indexed::new(entries)));
        }
        if !are_distinct(&entries) {
            merge_small(&mut entries);
        }
        Self::Small(entries)
    }

    /// The position of a key.
    pub(super) fn position(&self, key: &Value) -> Option<usize> {
        match self {
            Self::Small(entries) => entries.iter().position(|held| same_key(held.key(), key)),
            Self::Indexed(indexed) => indexed.find(key::hash(key)?, |held| same_key(held, key)),
        }
    }

    /// The position of a text key.
    pub(super) fn text_position(&self, key: &str) -> Option<usize> {
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
                *self = Self::Indexed(Box::new(Indexed::new(entries)));
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
            Self::Indexed(indexed) if indexed.index.len() < indexed.entries.len() => return None,
            Self::Indexed(indexed) => {
                for slot in indexed.index.slots() {
                    sum = sum.wrapping_add(addend(slot.hash));
                }
            }
        }
        Some(sum)
    }

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

/// Whether no two keys of a few share a mark.
fn are_distinct<E: Entry>(entries: &[E]) -> bool {
    let mut marks = [0; SMALL];
    for (position, entry) in entries.iter().enumerate() {
        let mark = mark(entry.key());
        match marks.split_at_mut_checked(position) {
            Some((earlier, [slot, ..])) if !earlier.contains(&mark) => *slot = mark,
            _ => return false,
        }
    }
    true
}

/// Merges the entries of one key among a few without containers.
fn merge_small<E: Entry>(entries: &mut Vec<E>) {
    let mut kept = 0;
    for next in 0..entries.len() {
        let (earlier, later) = entries.split_at_mut(next);
        let Some(entry) = later.first_mut() else {
            return;
        };
        let mut earlier = earlier.iter_mut().take(kept);
        if let Some(held) = earlier.find(|held| same_key(held.key(), entry.key())) {
            held.merge(entry);
        } else {
            entries.swap(kept, next);
            kept += 1;
        }
    }
    entries.truncate(kept);
}

/// A number that equal keys share, and names seldom do: of text and bytes only
/// the ends count.
#[inline]
fn mark(key: &Value) -> u32 {
    let bytes = match key {
        Value::Str(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        _ => return key::hash(key).map_or(0, half),
    };
    let [start, end] = [bytes.first_chunk(), bytes.last_chunk()];
    let ends = match (start, end) {
        (Some(start), Some(end)) => [u64::from_le_bytes(*start), u64::from_le_bytes(*end)],
        _ => few(bytes),
    };
    let state = step(bytes.len() as u64, ends[0]);
    half(step(state, ends[1]))
}

/// Up to seven bytes.
#[inline]
fn few(bytes: &[u8]) -> [u64; 2] {
    let [start, end] = [bytes.first_chunk(), bytes.last_chunk()];
    if let (Some(start), Some(end)) = (start, end) {
        return [start, end].map(|part| u64::from(u32::from_le_bytes(*part)));
    }
    let byte = |at| bytes.get(at).copied().unwrap_or_default();
    [
        u64::from_le_bytes([byte(0), byte(1), byte(2), 0, 0, 0, 0, 0]),
        0,
    ]
}

#[inline]
const fn step(state: u64, word: u64) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    (state.rotate_left(5) ^ word).wrapping_mul(FACTOR)
}

impl<E: Entry> Indexed<E> {
    fn new(mut entries: Vec<E>) -> Self {
        let mut index = Index::with_capacity(entries.len());
        let kept = match &mut index {
            Index::Few(slots) => merge_by_hash(&mut entries, slots),
            Index::Many(slots) => merge_by_hash(&mut entries, slots),
        };
        if kept < entries.len() {
            entries.truncate(kept);
            entries.shrink_to(2 * kept);
            index.shrink_to(2 * kept);
        }
        Self { entries, index }
    }

    // Nested sets recurse here once per level. Loops, because closures inside
    // the index would take several times the stack.
    #[inline]
    fn find(&self, hash: u64, is_key: impl Fn(&Value) -> bool) -> Option<usize> {
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

    fn push(&mut self, entry: E) {
        if let Some(hash) = key::hash(entry.key()) {
            self.index.insert(half(hash), self.entries.len());
        }
        self.entries.push(entry);
    }

    fn remove(&mut self, position: usize) -> E {
        let is_last = position + 1 == self.entries.len();
        let removed = self.entries.remove(position);
        match key::hash(removed.key()) {
            Some(hash) if is_last => self.index.remove_last(half(hash), position),
            _ => self.index.remove(position),
        }
        removed
    }
}

/// Merges the entries of one key and gives the rest slots. Returns the number of
/// entries that are kept; they come first.
fn merge_by_hash<E: Entry>(entries: &mut [E], index: &mut impl Insert) -> usize {
    let mut kept = 0;
    for next in 0..entries.len() {
        let (earlier, later) = entries.split_at_mut(next);
        let Some(entry) = later.first_mut() else {
            break;
        };
        if let Some(held) = slot(index, earlier, entry, kept) {
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

/// Gives the key of `entry` the slot of a position, or finds the earlier entry
/// that has the same key.
#[inline]
fn slot<'e, E: Entry>(
    index: &mut impl Insert,
    earlier: &'e mut [E],
    entry: &E,
    position: usize,
) -> Option<&'e mut E> {
    let hash = half(key::hash(entry.key())?);
    let is_equal = |at: usize| {
        let held = earlier.get(at);
        held.is_some_and(|held| same_key(held.key(), entry.key()))
    };
    let found = index.find_or_insert(hash, position, is_equal)?;
    earlier.get_mut(found)
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
        let mut unequal = false;
        for (entry, beside) in entries.iter().zip(others) {
            let key = entry.key();
            let held = if is_nan(key) {
                None
            } else if !is_container(key) && key == beside.key() {
                // Mostly in the same order.
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
            sum = sum.wrapping_add(hasher.finish());
        }
        state.write_u64(sum);
        state.write_usize(self.entries().len());
    }
}
