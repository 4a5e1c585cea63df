//! Equality, order and hash of values.

use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

use super::Value;

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

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    /// A total order, for sorting and for ordered maps: first by type, then by
    /// content; floats as `f64::total_cmp` has them. It is not Python's, which
    /// knows none across types.
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
