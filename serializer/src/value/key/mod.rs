//! Equality of keys as in Python, and the hash of keys.
//!
//! `True == 1 == 1.0 == 1+0j` and `0.0 == -0.0`; text and bytes differ; a NaN
//! equals nothing, itself included; tuples and frozensets compare by content.

mod number;
mod seed;

use core::hash::Hasher;

use super::{Dict, Set, Value};
use number::Number;
use seed::{Kind, hasher};
pub(super) use seed::{addend, exact_hasher};

/// Whether two values are the same dict key in Python.
pub(super) fn same_key(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::None, Value::None) => true,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Channel(a), Value::Channel(b)) => a == b,
        // Exact for these, and cheaper than the general form of a number.
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Tuple(a), Value::Tuple(b)) | (Value::List(a), Value::List(b)) => {
            same_sequence(a, b)
        }
        (Value::Set(a), Value::Set(b)) | (Value::FrozenSet(a), Value::FrozenSet(b)) => {
            same_set(a, b)
        }
        (Value::Dict(a), Value::Dict(b)) => same_dict(a, b),
        _ => match (Number::of(a), Number::of(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
    }
}

// These functions recurse once per level. They use loops because iterator
// adaptors take several times the stack in unoptimised builds.

fn same_sequence(a: &[Value], b: &[Value]) -> bool {
    for (a, b) in a.iter().zip(b) {
        if !same_key(a, b) {
            return false;
        }
    }
    a.len() == b.len()
}

fn same_set(a: &Set, b: &Set) -> bool {
    for item in a {
        if !b.contains(item) {
            return false;
        }
    }
    a.len() == b.len()
}

fn same_dict(a: &Dict, b: &Dict) -> bool {
    for (key, value) in a {
        match b.get(key) {
            Some(held) if same_key(held, value) => {}
            _ => return false,
        }
    }
    a.len() == b.len()
}

/// A hash that equal keys share; `None` for a key that equals nothing.
///
/// Sets keep the hashes of their containers, so the work is in proportion to
/// the part of the key that no set inside it has hashed before.
pub(super) fn hash(key: &Value) -> Option<u64> {
    match key {
        Value::Str(text) => Some(text_hash(text)),
        Value::Bytes(bytes) => Some(bytes_hash(Kind::Bytes, bytes)),
        Value::None => Some(hasher(Kind::None).finish()),
        Value::Channel(id) => Some(bytes_hash(Kind::Channel, &id.0.to_ne_bytes())),
        Value::List(items) => sequence_hash(Kind::List, items),
        Value::Tuple(items) => sequence_hash(Kind::Tuple, items),
        Value::Set(items) => Some(unordered(Kind::Set, items.hash_sum()?)),
        Value::FrozenSet(items) => Some(unordered(Kind::FrozenSet, items.hash_sum()?)),
        Value::Dict(pairs) => {
            let mut sum = 0_u64;
            for (key, value) in pairs {
                let mut pair = hasher(Kind::Tuple);
                pair.write_u64(hash(key)?);
                pair.write_u64(hash(value)?);
                // Dicts are equal in any order of their pairs, and so are sums.
                sum = sum.wrapping_add(pair.finish());
            }
            Some(unordered(Kind::Dict, sum))
        }
        // Most numbers, without the wider form that makes room for any.
        Value::Int(int) if int.big_digits().is_none() => Number::Whole(int.to_i64()?).hash(),
        _ => Number::of(key)?.hash(),
    }
}

/// The hash of a text key.
#[inline]
pub(super) fn text_hash(text: &str) -> u64 {
    bytes_hash(Kind::Str, text.as_bytes())
}

/// Whether the key is made of values that are hashed themselves.
#[inline]
pub(super) const fn is_container(key: &Value) -> bool {
    matches!(
        key,
        Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Set(_) | Value::FrozenSet(_)
    )
}

/// Whether the key is a number that equals nothing.
#[inline]
pub(super) const fn is_nan(key: &Value) -> bool {
    match key {
        Value::Float(value) => value.is_nan(),
        Value::Complex(value) => value.re.is_nan() || value.im.is_nan(),
        _ => false,
    }
}

#[inline]
fn bytes_hash(kind: Kind, bytes: &[u8]) -> u64 {
    let mut hasher = hasher(kind);
    hasher.write(bytes);
    hasher.finish()
}

fn sequence_hash(kind: Kind, items: &[Value]) -> Option<u64> {
    let mut hasher = hasher(kind);
    hasher.write_usize(items.len());
    for item in items {
        hasher.write_u64(hash(item)?);
    }
    Some(hasher.finish())
}

fn unordered(kind: Kind, sum: u64) -> u64 {
    let mut hasher = hasher(kind);
    hasher.write_u64(sum);
    hasher.finish()
}
