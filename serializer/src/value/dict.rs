//! [`Dict`]: the dict of Python, a map that keeps the order of its pairs.

use alloc::vec::Vec;
use core::fmt;
use core::iter::Map;
use core::slice;

use super::table::Table;
use super::{LookupKey, Value};

/// A Python dict: pairs in the order they were first set.
///
/// Keys are equal if they are equal in Python: `True`, `1` and `1.0` are, `"a"`
/// and `b"a"` are not. Setting an equal key replaces the value and keeps the
/// first key.
///
/// Looking up and setting a key take constant time on average, also with keys
/// that a peer has chosen: the hash is seeded.
///
/// ```
/// use execnet_serializer::{Dict, Value};
/// let mut dict = Dict::new();
/// dict.insert(Value::from(1), Value::from("one"));
/// dict.insert(Value::Bool(true), Value::from("yes"));
/// assert_eq!(dict.iter().next(), Some((&Value::from(1), &Value::from("yes"))));
/// assert_eq!(dict.len(), 1);
///
/// for word in ["a", "b", "a"] {
///     dict.entry(word.into()).or_default();
/// }
/// for (key, value) in &mut dict {
///     *value = Value::from(key.type_name());
/// }
/// # #[cfg(feature = "literal")]
/// assert_eq!(Value::from(dict).to_string(), "{1: 'int', 'a': 'str', 'b': 'str'}");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Dict(Table<Pair>);

type Pair = (Value, Value);

impl Dict {
    /// An empty dict.
    #[must_use]
    pub const fn new() -> Self {
        Self(Table::new())
    }

    /// The number of pairs.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.entries().len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `None` if there is no memory for it.
    pub(super) fn try_from_pairs(pairs: Vec<Pair>) -> Option<Self> {
        Table::try_from_entries(pairs).map(Self)
    }

    /// Sets a value, and returns the one it replaces.
    ///
    /// # Panics
    /// If the key is new and there are 2^32 of them.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        match self.get_mut(&key) {
            Some(held) => Some(core::mem::replace(held, value)),
            None => {
                self.0.push((key, value));
                None
            }
        }
    }

    /// The place of a key, to be set or changed with one look-up.
    pub fn entry(&mut self, key: Value) -> DictEntry<'_> {
        let position = self.0.position(&key);
        DictEntry {
            dict: self,
            key,
            position,
        }
    }

    /// The value under a key.
    ///
    /// ```
    /// use execnet_serializer::{Dict, Value};
    /// let dict = Dict::from([("a", 1)]);
    /// assert_eq!(dict.get("a"), dict.get(&Value::from("a")));
    /// assert!(dict["a"] == 1 && dict["b"].is_none());
    /// ```
    #[must_use]
    pub fn get<K: LookupKey + ?Sized>(&self, key: &K) -> Option<&Value> {
        self.value_at(self.0.find(key)?)
    }

    /// The value under a key, to be changed.
    #[must_use]
    pub fn get_mut<K: LookupKey + ?Sized>(&mut self, key: &K) -> Option<&mut Value> {
        self.value_at_mut(self.0.find(key)?)
    }

    /// Whether there is a value under a key.
    #[must_use]
    pub fn contains_key<K: LookupKey + ?Sized>(&self, key: &K) -> bool {
        self.0.find(key).is_some()
    }

    /// Removes a key and returns its value. The other pairs keep their order.
    /// Time is linear in the number of later pairs, which move; use
    /// [`retain`](Self::retain) to remove many.
    pub fn remove<K: LookupKey + ?Sized>(&mut self, key: &K) -> Option<Value> {
        let position = self.0.find(key)?;
        Some(self.0.remove(position).1)
    }

    /// Removes all pairs.
    pub fn clear(&mut self) {
        self.0 = Table::new();
    }

    /// Keeps the pairs for which `keep` returns true.
    pub fn retain(&mut self, mut keep: impl FnMut(&Value, &mut Value) -> bool) {
        self.0.retain(|(key, value)| keep(key, value));
    }

    /// The pairs in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Value, &Value)> + ExactSizeIterator {
        self.into_iter()
    }

    /// The pairs in order, their values to be changed.
    pub fn iter_mut(
        &mut self,
    ) -> impl DoubleEndedIterator<Item = (&Value, &mut Value)> + ExactSizeIterator {
        self.into_iter()
    }

    /// The keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.0.entries().iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + ExactSizeIterator {
        self.0.entries().iter().map(|(_, value)| value)
    }

    /// The values in the order of their keys, to be changed.
    pub fn values_mut(
        &mut self,
    ) -> impl DoubleEndedIterator<Item = &mut Value> + ExactSizeIterator {
        self.0.entries_mut().iter_mut().map(|(_, value)| value)
    }

    /// The keys in order, owned.
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator {
        self.into_iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys, owned.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator {
        self.into_iter().map(|(_, value)| value)
    }

    fn value_at(&self, position: usize) -> Option<&Value> {
        self.0.entries().get(position).map(|(_, value)| value)
    }

    fn value_at_mut(&mut self, position: usize) -> Option<&mut Value> {
        let pair = self.0.entries_mut().get_mut(position);
        pair.map(|(_, value)| value)
    }
}

/// The place of one key in a [`Dict`], vacant or occupied, returned by
/// [`Dict::entry`].
#[derive(Debug)]
pub struct DictEntry<'a> {
    dict: &'a mut Dict,
    key: Value,
    position: Option<usize>,
}

impl<'a> DictEntry<'a> {
    /// The key that was asked for.
    #[must_use]
    pub const fn key(&self) -> &Value {
        &self.key
    }

    /// Changes the value if there is one.
    #[must_use]
    pub fn and_modify(self, change: impl FnOnce(&mut Value)) -> Self {
        if let Some(position) = self.position
            && let Some(value) = self.dict.value_at_mut(position)
        {
            change(value);
        }
        self
    }

    /// The value. Sets it to `default` if the key is vacant.
    pub fn or_insert(self, value: Value) -> &'a mut Value {
        self.or_insert_with(|| value)
    }

    /// The value. Sets it to `None` if the key is vacant.
    pub fn or_default(self) -> &'a mut Value {
        self.or_insert(Value::None)
    }

    /// The value. Makes and sets it if the key is vacant.
    ///
    /// # Panics
    /// If the key is new and there are 2^32 of them.
    pub fn or_insert_with(self, make: impl FnOnce() -> Value) -> &'a mut Value {
        let position = self.position.unwrap_or_else(|| {
            self.dict.0.push((self.key, make()));
            self.dict.len() - 1
        });
        &mut self.dict.0.entries_mut()[position].1
    }
}

impl FromIterator<(Value, Value)> for Dict {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(pairs: I) -> Self {
        Self(Table::from_iter(pairs))
    }
}

impl Extend<(Value, Value)> for Dict {
    fn extend<I: IntoIterator<Item = (Value, Value)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl IntoIterator for Dict {
    type Item = (Value, Value);
    type IntoIter = alloc::vec::IntoIter<(Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_entries().into_iter()
    }
}

impl<'a> IntoIterator for &'a Dict {
    type Item = (&'a Value, &'a Value);
    type IntoIter = Map<slice::Iter<'a, Pair>, fn(&'a Pair) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.entries().iter().map(|(key, value)| (key, value))
    }
}

impl<'a> IntoIterator for &'a mut Dict {
    type Item = (&'a Value, &'a mut Value);
    type IntoIter = Map<slice::IterMut<'a, Pair>, fn(&'a mut Pair) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        let pairs = self.0.entries_mut().iter_mut();
        pairs.map(|(key, value)| (&*key, value))
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
