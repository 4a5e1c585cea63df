//! [`Set`]: the elements of Python's `set` and `frozenset`, in the order they came.

use alloc::vec::Vec;
use core::fmt;

use super::table::Table;
use super::{LookupKey, Value};

/// The elements of a Python set or frozenset, in the order they came.
///
/// Elements are equal if they are equal in Python, as keys of a
/// [`Dict`](super::Dict); the first one stays. Looking up and inserting take
/// constant time on average, also with elements that a peer has chosen.
///
/// ```
/// use execnet_serializer::{Set, Value};
/// let set = Set::from([1, 2, 1]);
/// assert!(set.len() == 2 && set.contains(&Value::from(2)));
/// assert!(Set::from(["a"]).contains("a"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Set(Table<Value>);

impl Set {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Table::new())
    }

    /// The number of elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.entries().len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an element, and returns whether it is new.
    ///
    /// # Panics
    /// If there are 2^32 elements.
    pub fn insert(&mut self, item: Value) -> bool {
        let new = !self.contains(&item);
        if new {
            self.0.push(item);
        }
        new
    }

    /// Whether the set contains an element.
    #[must_use]
    pub fn contains<K: LookupKey + ?Sized>(&self, item: &K) -> bool {
        self.0.find(item).is_some()
    }

    /// Removes an element, and returns whether it was present. The others keep
    /// their order. Time is linear in the number of later elements, which move;
    /// use [`retain`](Self::retain) to remove many.
    pub fn remove<K: LookupKey + ?Sized>(&mut self, item: &K) -> bool {
        let position = self.0.find(item);
        position.map(|position| self.0.remove(position)).is_some()
    }

    /// Keeps the elements for which `keep` returns true.
    pub fn retain(&mut self, mut keep: impl FnMut(&Value) -> bool) {
        self.0.retain(|item| keep(item));
    }

    /// Removes all elements.
    pub fn clear(&mut self) {
        self.0 = Table::new();
    }

    /// The elements in order.
    pub fn iter(&self) -> core::slice::Iter<'_, Value> {
        self.0.entries().iter()
    }

    /// `None` if there is no memory for it.
    pub(super) fn try_from_items(items: Vec<Value>) -> Option<Self> {
        Table::try_from_entries(items).map(Self)
    }

    pub(super) fn hash_sum(&self) -> Option<u64> {
        self.0.hash_sum()
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        Self(Table::from_iter(items))
    }
}

impl Extend<Value> for Set {
    fn extend<I: IntoIterator<Item = Value>>(&mut self, items: I) {
        for item in items {
            self.insert(item);
        }
    }
}

impl IntoIterator for Set {
    type Item = Value;
    type IntoIter = alloc::vec::IntoIter<Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_entries().into_iter()
    }
}

impl<'a> IntoIterator for &'a Set {
    type Item = &'a Value;
    type IntoIter = core::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
