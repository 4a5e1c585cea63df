//! The trait of what a table holds: the pairs of a dict or the elements of a set.

use core::hash::Hash;

use crate::Value;
use crate::value::order::Sorted;

/// A key, and in a dict its value.
pub(in crate::value) trait Entry: Hash {
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
