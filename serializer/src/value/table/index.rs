//! The index of a table: finds the positions of entries by the hashes of their keys.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::memory::FALLIBLE;

/// Finds entries by the hashes of their keys.
#[derive(Clone)]
pub(super) enum Index {
    /// Searched one by one. Most sets within sets are this small, and need no
    /// heap block for their index.
    Few(FewSlots),
    Many(HashTable<Slot>),
}

/// The most slots that are searched one by one.
const FEW: usize = 4;

type FewSlots = heapless::Vec<Slot, FEW, u8>;

/// A form of an index, for inserting many entries in a row: the form is matched
/// once, not for each entry.
pub(super) trait Insert {
    /// Finds the entry with this hash for which `is_equal` is true of its
    /// position, or inserts a slot for a new position.
    fn find_or_insert(
        &mut self,
        hash: u32,
        position: usize,
        is_equal: impl Fn(usize) -> bool,
    ) -> Option<usize>;
}

impl Insert for FewSlots {
    #[inline]
    fn find_or_insert(
        &mut self,
        hash: u32,
        position: usize,
        is_equal: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        for slot in self.iter() {
            if slot.hash == hash && is_equal(slot.position()) {
                return Some(slot.position());
            }
        }
        let inserted = self.push(Slot::new(hash, position));
        debug_assert!(inserted.is_ok(), "the capacity is that of the entries");
        None
    }
}

impl Insert for HashTable<Slot> {
    #[inline]
    fn find_or_insert(
        &mut self,
        hash: u32,
        position: usize,
        is_equal: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let is_slot = |slot: &Slot| slot.hash == hash && is_equal(slot.position());
        match self.entry(Slot::spread(hash), is_slot, Slot::rehash) {
            Entry::Occupied(found) => Some(found.get().position()),
            Entry::Vacant(free) => {
                free.insert(Slot::new(hash, position));
                None
            }
        }
    }
}

/// The position of an entry, and half of the hash of its key: 8 bytes, so that a
/// table of slots costs less memory than the entries.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) hash: u32,
    position: u32,
}

impl Slot {
    /// # Panics
    /// If there are more than 2^32 entries, which no [`Limits`](crate::Limits)
    /// admit.
    fn new(hash: u32, position: usize) -> Self {
        assert!(position <= u32::MAX as usize, "more than 2^32 entries");
        let position = position as u32;
        Self { hash, position }
    }

    pub(super) const fn position(self) -> usize {
        self.position as usize
    }

    /// The hash as the table takes it, which uses both ends of 64 bits.
    const fn spread(hash: u32) -> u64 {
        (hash as u64) << 32 | hash as u64
    }

    fn rehash(&self) -> u64 {
        Self::spread(self.hash)
    }
}

impl Index {
    /// The most bytes of memory for each slot: a table has up to twice as many places as it needs, with a byte more for
    /// each.
    pub(super) const SLOT: usize = 3 * size_of::<Slot>();

    /// `None` if there is no memory for it.
    pub(super) fn with_capacity(capacity: usize) -> Option<Self> {
        if capacity <= FEW {
            return Some(Self::Few(heapless::Vec::new()));
        }
        if !FALLIBLE {
            return Some(Self::Many(HashTable::with_capacity(capacity)));
        }
        let mut slots = HashTable::new();
        slots.try_reserve(capacity, Slot::rehash).ok()?;
        Some(Self::Many(slots))
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(slots) => slots.len(),
            Self::Many(slots) => slots.len(),
        }
    }

    /// All slots, in any order.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        let (few, many) = match self {
            Self::Few(slots) => (slots.as_slice(), None),
            Self::Many(slots) => (&[][..], Some(slots)),
        };
        few.iter().chain(many.into_iter().flatten())
    }

    /// The slots of a table that may have this hash.
    #[inline]
    pub(super) fn candidates(table: &HashTable<Slot>, hash: u32) -> impl Iterator<Item = &Slot> {
        table.iter_hash(Slot::spread(hash))
    }

    /// Inserts the slot of an entry whose key is not there.
    pub(super) fn insert(&mut self, hash: u32, position: usize) {
        let slot = Slot::new(hash, position);
        match self {
            Self::Few(slots) => {
                if let Err(slot) = slots.push(slot) {
                    // Full: the few slots move into a table, which has room for more.
                    let mut table = HashTable::with_capacity(2 * FEW);
                    for slot in slots.iter().copied().chain([slot]) {
                        table.insert_unique(slot.rehash(), slot, Slot::rehash);
                    }
                    *self = Self::Many(table);
                }
            }
            // Without the search for an equal key that `entry` makes.
            Self::Many(slots) => {
                slots.insert_unique(slot.rehash(), slot, Slot::rehash);
            }
        }
    }

    pub(super) fn shrink_to(&mut self, capacity: usize) {
        if let Self::Many(slots) = self {
            slots.shrink_to(capacity, Slot::rehash);
        }
    }

    /// Removes the slot of the last entry.
    pub(super) fn remove_last(&mut self, hash: u32, position: usize) {
        match self {
            Self::Few(slots) => slots.retain(|slot| slot.position() != position),
            Self::Many(slots) => {
                let is_slot = |slot: &Slot| slot.position() == position;
                if let Ok(found) = slots.find_entry(Slot::spread(hash), is_slot) {
                    found.remove();
                }
            }
        }
    }

    /// Removes the slot of an entry, if it has one; later entries move up.
    pub(super) fn remove(&mut self, position: usize) {
        // One pass over all slots: each position behind the removed one decreases.
        // The hash of a slot does not depend on it, so every slot stays in its place.
        let keep = |slot: &mut Slot| {
            let keeps = slot.position() != position;
            slot.position -= u32::from(slot.position() > position);
            keeps
        };
        match self {
            Self::Few(slots) => slots.retain_mut(keep),
            Self::Many(slots) => slots.retain(keep),
        }
    }
}
