//! Exact equality, order and hash of values, as Rust's collections use them.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

use super::key::{is_container, is_nan};
use super::{Dict, Int, Set, Str, Value};

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits(),
            (Self::Complex(a), Self::Complex(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Str(a), Self::Str(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Dict(a), Self::Dict(b)) => a == b,
            (Self::Set(a), Self::Set(b)) | (Self::FrozenSet(a), Self::FrozenSet(b)) => a == b,
            (Self::Channel(a), Self::Channel(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

/// The partial order of types that have a total one.
macro_rules! partial_orders {
    ($($type:ty)*) => {$(
        impl PartialOrd for $type {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
    )*};
}

partial_orders! { Value Dict Set Int Str }

impl Ord for Value {
    /// A total order, for sorting and for ordered maps: first by type, then by
    /// content; floats by `f64::total_cmp`. Python has no order across types.
    /// Dicts and sets compare by their sorted pairs and elements, which every
    /// comparison sorts again. With keys that a peer has chosen, use a
    /// `HashMap` or a [`Dict`], which take linear time; a `BTreeMap` may take
    /// quadratic time.
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Complex(a), Self::Complex(b)) => a.cmp(b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            (Self::Str(a), Self::Str(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => a.cmp(b),
            (Self::Dict(a), Self::Dict(b)) => a.cmp(b),
            (Self::Set(a), Self::Set(b)) | (Self::FrozenSet(a), Self::FrozenSet(b)) => a.cmp(b),
            (Self::Channel(a), Self::Channel(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::None => {}
            Self::Bool(value) => value.hash(state),
            Self::Int(value) => value.hash(state),
            Self::Float(value) => value.to_bits().hash(state),
            Self::Complex(value) => value.hash(state),
            Self::Bytes(value) => value.hash(state),
            Self::Str(value) => value.hash(state),
            Self::List(items) | Self::Tuple(items) => items.hash(state),
            Self::Dict(value) => value.hash(state),
            Self::Set(value) | Self::FrozenSet(value) => value.hash(state),
            Self::Channel(id) => id.hash(state),
        }
    }
}

impl Value {
    /// The place of the type in the order of values.
    const fn rank(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Float(_) => 3,
            Self::Complex(_) => 4,
            Self::Bytes(_) => 5,
            Self::Str(_) => 6,
            Self::List(_) => 7,
            Self::Tuple(_) => 8,
            Self::Dict(_) => 9,
            Self::Set(_) => 10,
            Self::FrozenSet(_) => 11,
            Self::Channel(_) => 12,
        }
    }
}

/// The rank of a value and its content, whose dicts and sets are sorted at any
/// depth.
///
/// Two of them compare like nested lists. Sorting within each comparison would
/// take exponential time on nested sets; this sorts each container once.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sorted<'a>(u8, Content<'a>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Content<'a> {
    Leaf(&'a Value),
    Parts(Vec<Sorted<'a>>),
}

impl<'a> Sorted<'a> {
    // In loops, because iterator adaptors take several times the stack in
    // unoptimised builds.
    pub(super) fn of(value: &'a Value) -> Self {
        let content = match value {
            Value::List(items) | Value::Tuple(items) => {
                let mut parts = Vec::with_capacity(items.len());
                for item in items {
                    parts.push(Self::of(item));
                }
                Content::Parts(parts)
            }
            Value::Dict(pairs) => Content::Parts(Self::pairs(pairs)),
            Value::Set(items) | Value::FrozenSet(items) => Content::Parts(Self::items(items)),
            leaf => Content::Leaf(leaf),
        };
        Self(value.rank(), content)
    }

    pub(super) fn pair(key: &'a Value, value: &'a Value) -> Self {
        let parts = Vec::from([Self::of(key), Self::of(value)]);
        Self(0, Content::Parts(parts))
    }

    fn items(items: &'a Set) -> Vec<Self> {
        let mut parts = Vec::with_capacity(items.len());
        for item in items {
            parts.push(Self::of(item));
        }
        parts.sort_unstable();
        parts
    }

    fn pairs(pairs: &'a Dict) -> Vec<Self> {
        let mut parts = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            parts.push(Self::pair(key, value));
        }
        parts.sort_unstable();
        parts
    }
}

impl Ord for Set {
    /// As the sorted elements.
    fn cmp(&self, other: &Self) -> Ordering {
        Sorted::items(self).cmp(&Sorted::items(other))
    }
}

impl Ord for Dict {
    /// As the sorted pairs.
    fn cmp(&self, other: &Self) -> Ordering {
        let mut both = self.keys().zip(other.keys());
        if self.len() != other.len() || !both.all(|(a, b)| !is_container(a) && !is_nan(a) && a == b)
        {
            return Sorted::pairs(self).cmp(&Sorted::pairs(other));
        }
        // Records, mostly: the least key decides whose values differ.
        let mut decisive: Option<(&Value, Ordering)> = None;
        for ((key, a), b) in self.iter().zip(other.values()) {
            let order = a.cmp(b);
            if order.is_ne() && decisive.is_none_or(|(least, _)| key < least) {
                decisive = Some((key, order));
            }
        }
        decisive.map_or(Ordering::Equal, |(_, order)| order)
    }
}
