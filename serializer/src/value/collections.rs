//! Dicts and sets.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use super::canonical::{canonical_dict, canonical_set};
use super::{Value, keys};

/// A Python dict: pairs in the order they were first set.
///
/// Keys are one key when Python takes them for one: `True`, `1` and `1.0` are,
/// `"a"` and `b"a"` are not. The last value set wins, the first key stays.
///
/// ```
/// use execnet_serializer::{Dict, Value};
/// let mut dict = Dict::new();
/// dict.insert(Value::from(1), Value::from("one"));
/// dict.insert(Value::Bool(true), Value::from("yes"));
/// assert_eq!(dict.iter().next(), Some((&Value::from(1), &Value::from("yes"))));
/// assert_eq!(dict.len(), 1);
/// ```
#[derive(Clone, Default)]
pub struct Dict {
    pairs: Vec<(Value, Value)>,
}

impl Dict {
    /// An empty dict.
    #[must_use]
    pub const fn new() -> Self {
        Self { pairs: Vec::new() }
    }

    /// How many pairs there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Sets a value, and returns the one it replaces. Looks at every key: for
    /// many pairs collect an iterator instead.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        match self
            .pairs
            .iter_mut()
            .find(|(held, _)| keys::same_key(held, &key))
        {
            Some((_, held)) => Some(core::mem::replace(held, value)),
            None => {
                self.pairs.push((key, value));
                None
            }
        }
    }

    /// The value under a key. Looks at every key: for many look-ups collect
    /// the pairs into a map.
    #[must_use]
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.iter()
            .find(|(held, _)| keys::same_key(held, key))
            .map(|(_, value)| value)
    }

    /// The value under a text key, as [`get`](Self::get).
    #[must_use]
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.iter()
            .find(|(held, _)| held.as_str() == Some(key))
            .map(|(_, value)| value)
    }

    /// The pairs in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> {
        self.pairs.iter().map(|(key, value)| (key, value))
    }

    /// Merges pairs of one key.
    fn unify(&mut self) {
        let repeated = keys::repeated(&self.pairs, |(key, _)| key);
        if repeated.is_empty() {
            return;
        }
        let mut gone = alloc::vec![false; self.pairs.len()];
        for &(later, first) in &repeated {
            let value = self
                .pairs
                .get_mut(later)
                .map(|(_, value)| core::mem::take(value));
            if let (Some(value), Some((_, held)), Some(gone)) =
                (value, self.pairs.get_mut(first), gone.get_mut(later))
            {
                *held = value;
                *gone = true;
            }
        }
        let mut gone = gone.into_iter();
        self.pairs.retain(|_| !gone.next().unwrap_or(false));
    }
}

impl FromIterator<(Value, Value)> for Dict {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(pairs: I) -> Self {
        let mut dict = Self {
            pairs: pairs.into_iter().collect(),
        };
        dict.unify();
        dict
    }
}

impl Extend<(Value, Value)> for Dict {
    fn extend<I: IntoIterator<Item = (Value, Value)>>(&mut self, pairs: I) {
        self.pairs.extend(pairs);
        self.unify();
    }
}

impl IntoIterator for Dict {
    type Item = (Value, Value);
    type IntoIter = alloc::vec::IntoIter<(Value, Value)>;

    fn into_iter(self) -> Self::IntoIter {
        self.pairs.into_iter()
    }
}

impl fmt::Debug for Dict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl PartialEq for Dict {
    /// Equal pairs in any order.
    fn eq(&self, other: &Self) -> bool {
        self.pairs == other.pairs
            || self.len() == other.len() && canonical_dict(self) == canonical_dict(other)
    }
}

impl Eq for Dict {}

impl PartialOrd for Dict {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Dict {
    fn cmp(&self, other: &Self) -> Ordering {
        canonical_dict(self).cmp(&canonical_dict(other))
    }
}

impl Hash for Dict {
    fn hash<H: Hasher>(&self, state: &mut H) {
        canonical_dict(self).hash(state);
    }
}

/// The elements of a Python set or frozenset, in the order they came.
///
/// Elements are one when Python takes them for one, as the keys of a
/// [`Dict`]; the first stays.
///
/// ```
/// use execnet_serializer::{Set, Value};
/// let set: Set = [1, 2, 1].map(Value::from).into_iter().collect();
/// assert_eq!(set.len(), 2);
/// ```
#[derive(Clone, Default)]
pub struct Set {
    items: Vec<Value>,
}

impl Set {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { items: Vec::new() }
    }

    /// How many elements there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Adds an element; false if it was there. Looks at every element: for
    /// many collect an iterator instead.
    pub fn insert(&mut self, item: Value) -> bool {
        let new = !self.contains(&item);
        if new {
            self.items.push(item);
        }
        new
    }

    /// Whether an element is there. Looks at every element.
    #[must_use]
    pub fn contains(&self, item: &Value) -> bool {
        self.items.iter().any(|held| keys::same_key(held, item))
    }

    /// The elements in order.
    pub fn iter(&self) -> core::slice::Iter<'_, Value> {
        self.items.iter()
    }

    fn unify(&mut self) {
        let repeated = keys::repeated(&self.items, |item| item);
        if repeated.is_empty() {
            return;
        }
        let mut gone = alloc::vec![false; self.items.len()];
        for (later, _) in repeated {
            if let Some(gone) = gone.get_mut(later) {
                *gone = true;
            }
        }
        let mut gone = gone.into_iter();
        self.items.retain(|_| !gone.next().unwrap_or(false));
    }
}

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(items: I) -> Self {
        let mut set = Self {
            items: items.into_iter().collect(),
        };
        set.unify();
        set
    }
}

impl Extend<Value> for Set {
    fn extend<I: IntoIterator<Item = Value>>(&mut self, items: I) {
        self.items.extend(items);
        self.unify();
    }
}

impl IntoIterator for Set {
    type Item = Value;
    type IntoIter = alloc::vec::IntoIter<Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
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

impl PartialEq for Set {
    /// Equal elements in any order.
    fn eq(&self, other: &Self) -> bool {
        self.items == other.items
            || self.len() == other.len() && canonical_set(self) == canonical_set(other)
    }
}

impl Eq for Set {}

impl PartialOrd for Set {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Set {
    fn cmp(&self, other: &Self) -> Ordering {
        canonical_set(self).cmp(&canonical_set(other))
    }
}

impl Hash for Set {
    fn hash<H: Hasher>(&self, state: &mut H) {
        canonical_set(self).hash(state);
    }
}
