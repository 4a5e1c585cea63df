//! Which values are one key to Python.
//!
//! `True == 1 == 1.0 == 1+0j` and `0.0 == -0.0`; text and bytes differ; a NaN
//! equals nothing, itself included; tuples and frozensets compare by content.

use alloc::vec;
use alloc::vec::Vec;

use super::Value;
use super::canonical::{Equality, canonical};

/// Up to so many keys are compared pair by pair, by their hashes, which beats
/// building an index.
const PAIRWISE: usize = 32;

/// Whether Python takes the two for the same dict key.
pub(super) fn same_key(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Str(_) | Value::Bytes(_), _) | (_, Value::Str(_) | Value::Bytes(_)) => false,
        _ => match (whole(a), whole(b)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => same_canonical(a, b),
            _ => false,
        },
    }
}

fn same_canonical(a: &Value, b: &Value) -> bool {
    let [a, b] = [a, b].map(|key| canonical(key, Equality::PythonKey));
    a.is_some() && a == b
}

/// For each of `items` whose key Python takes for the same as an earlier one:
/// its position and the position of the first such.
///
/// Takes time in proportion to the keys whatever they are: where a hostile
/// choice of them defeats the hash, they are sorted.
pub(super) fn repeated<T>(items: &[T], key: impl Fn(&T) -> &Value) -> Vec<(usize, usize)> {
    if items.len() <= PAIRWISE {
        return if are_distinct(items, &key) {
            Vec::new()
        } else {
            pairwise(items, key)
        };
    }
    if items.is_sorted_by(|a, b| ascending(key(a), key(b))) {
        return Vec::new();
    }
    by_hash(items, &key).unwrap_or_else(|| by_sorting(items, &key))
}

/// Whether two texts or two integers stand in order: maps are often written
/// sorted, and then no key repeats.
fn ascending(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => a < b,
        (Value::Int(a), Value::Int(b)) => a < b,
        _ => false,
    }
}

/// Whether no two of so few keys share a mark.
fn are_distinct<T>(items: &[T], key: impl Fn(&T) -> &Value) -> bool {
    let mut marks = [0; PAIRWISE];
    for (position, item) in items.iter().enumerate() {
        let mark = mark(key(item));
        match marks.split_at_mut_checked(position) {
            Some((earlier, [slot, ..])) if !earlier.contains(&mark) => *slot = mark,
            _ => return false,
        }
    }
    true
}

/// A number that equal keys share, and names seldom do: of text and bytes only
/// the ends are looked at.
#[inline]
fn mark(key: &Value) -> u32 {
    let (seed, bytes) = match key {
        Value::Str(text) => (0, text.as_bytes()),
        Value::Bytes(bytes) => (1, bytes.as_slice()),
        _ => return hash(key),
    };
    let state = step(seed ^ bytes.len() as u64, start(bytes));
    high(step(state, end(bytes)))
}

fn pairwise<T>(items: &[T], key: impl Fn(&T) -> &Value) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (later, item) in items.iter().enumerate() {
        let mut earlier = items.iter().take(later);
        let first = earlier.position(|first| same_key(key(first), key(item)));
        found.extend(first.map(|first| (later, first)));
    }
    found
}

/// By an open-addressed table of positions; `None` once the probes show that
/// the hash does not spread these keys.
fn by_hash<T>(items: &[T], key: impl Fn(&T) -> &Value) -> Option<Vec<(usize, usize)>> {
    const EMPTY: u32 = u32::MAX;
    // More are sorted.
    let len = u32::try_from(items.len()).ok()?;
    let mask = (items.len() * 2).next_power_of_two() - 1;
    let mut table = vec![EMPTY; mask + 1];
    let mut probes_left = items.len() * 8;
    let mut found = Vec::new();
    for (position, item) in (0..len).zip(items) {
        let item = key(item);
        // Masked, so the slots are always in the table.
        let mut slot = hash(item) as usize & mask;
        loop {
            let held = table.get_mut(slot)?;
            match items.get(*held as usize).map(&key) {
                None => {
                    *held = position;
                    break;
                }
                Some(first) if same_key(first, item) => {
                    found.push((position as usize, *held as usize));
                    break;
                }
                Some(_) => {
                    probes_left = probes_left.checked_sub(1)?;
                    slot = (slot + 1) & mask;
                }
            }
        }
    }
    Some(found)
}

fn by_sorting<T>(items: &[T], key: impl Fn(&T) -> &Value) -> Vec<(usize, usize)> {
    let text =
        |(position, item)| canonical(key(item), Equality::PythonKey).map(|text| (text, position));
    let mut texts: Vec<(Vec<u8>, usize)> = items.iter().enumerate().filter_map(text).collect();
    texts.sort_unstable();
    let mut found = Vec::new();
    for run in texts.chunk_by(|a, b| a.0 == b.0) {
        if let [(_, first), later @ ..] = run {
            found.extend(later.iter().map(|(_, position)| (*position, *first)));
        }
    }
    found
}

/// A hash that equal keys share. Text, bytes and small whole numbers, by far
/// the most frequent, are hashed where they lie.
fn hash(key: &Value) -> u32 {
    let hash = match key {
        Value::Str(text) => mix(0, text.as_bytes()),
        Value::Bytes(bytes) => mix(1, bytes),
        _ => match whole(key) {
            Some(number) => mix(2, &number.to_le_bytes()),
            None => canonical(key, Equality::PythonKey).map_or(0, |text| mix(3, &text)),
        },
    };
    high(hash)
}

/// The value of a number that is whole and fits 64 bits.
fn whole(key: &Value) -> Option<i64> {
    match key {
        Value::Bool(value) => Some(i64::from(*value)),
        Value::Int(value) => value.to_i64(),
        Value::Float(value) => whole_float(*value),
        Value::Complex(value) if value.im == 0.0 => whole_float(value.re),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation)] // Checked: whole, and in range.
fn whole_float(value: f64) -> Option<i64> {
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    (value % 1.0 == 0.0 && (-BOUND..BOUND).contains(&value)).then_some(value as i64)
}

/// Multiply and rotate, eight bytes at a time; the last eight overlap the ones
/// before.
#[inline]
fn mix(seed: u64, bytes: &[u8]) -> u64 {
    let mut state = seed ^ (bytes.len() as u64);
    let mut rest = bytes;
    while let Some((chunk, after)) = rest.split_first_chunk::<8>()
        && !after.is_empty()
    {
        state = step(state, u64::from_le_bytes(*chunk));
        rest = after;
    }
    state = step(state, end(bytes));
    state ^ (state >> 29)
}

/// The better mixed half.
#[inline]
const fn high(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[inline]
const fn step(state: u64, word: u64) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    (state.rotate_left(5) ^ word).wrapping_mul(FACTOR)
}

/// The first eight bytes, or all of fewer.
#[inline]
fn start(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(first) => u64::from_le_bytes(*first),
        None => few(bytes),
    }
}

/// The last eight bytes, or all of fewer.
#[inline]
fn end(bytes: &[u8]) -> u64 {
    match bytes.last_chunk() {
        Some(last) => u64::from_le_bytes(*last),
        None => few(bytes),
    }
}

/// Up to seven bytes.
#[inline]
fn few(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last));
    }
    let byte = |at| bytes.get(at).copied().unwrap_or_default();
    u64::from_le_bytes([byte(0), byte(1), byte(2), 0, 0, 0, 0, 0])
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;
    use crate::{Complex, Set};

    fn distinct() -> Vec<Value> {
        let mut keys: Vec<Value> = (0..200).map(Value::from).collect();
        keys.extend((0..200).map(|n| Value::from(n.to_string())));
        keys.extend((0..200).map(|n| Value::Bytes(n.to_string().into_bytes())));
        keys.push(Value::None);
        keys.push(Value::Tuple(vec![Value::from("12"), Value::from("3")]));
        keys.push(Value::Tuple(vec![Value::from("1"), Value::from("23")]));
        keys.push(Value::Float(0.5));
        keys.push(Value::Float(f64::NAN));
        keys.push(Value::Float(f64::NAN));
        keys.push(Value::Complex(Complex { re: 0.0, im: 1.0 }));
        keys
    }

    #[test]
    fn distinct_keys_are_distinct_by_every_method() {
        let keys = distinct();
        assert_eq!(pairwise(&keys, |key| key), []);
        assert_eq!(by_hash(&keys, |key| key), Some(Vec::new()));
        assert_eq!(by_sorting(&keys, |key| key), []);
    }

    #[test]
    fn every_method_finds_the_same_repeated_keys() {
        let mut keys = distinct();
        keys.push(Value::Bool(true));
        keys.push(Value::Float(7.0));
        keys.push(Value::Float(-0.0));
        keys.push(Value::Complex(Complex { re: 9.0, im: -0.0 }));
        keys.push(Value::FrozenSet(Set::from_iter([1, 2].map(Value::from))));
        keys.push(Value::FrozenSet(Set::from_iter([2, 1].map(Value::from))));
        let start = keys.len() - 6;
        let expected = [
            (start, 1),
            (start + 1, 7),
            (start + 2, 0),
            (start + 3, 9),
            (start + 5, start + 4),
        ];
        assert_eq!(pairwise(&keys, |key| key), expected);
        assert_eq!(by_hash(&keys, |key| key), Some(expected.to_vec()));
        let mut sorted = by_sorting(&keys, |key| key);
        sorted.sort_unstable();
        assert_eq!(sorted, expected);
    }

    #[test]
    fn sorted_keys_are_distinct_and_others_are_looked_at() {
        let mut keys: Vec<Value> = (0..20).map(Value::from).collect();
        assert_eq!(repeated(&keys, |key| key), []);
        keys.push(Value::Float(3.0));
        assert_eq!(repeated(&keys, |key| key), [(20, 3)]);
        keys.pop();
        keys.push(Value::from(19));
        assert_eq!(repeated(&keys, |key| key), [(20, 19)]);
    }

    #[test]
    fn large_floats_equal_the_integers_they_are() {
        let float = Value::Float(1e300);
        let int = Value::Int(format!("{:.0}", 1e300).parse().unwrap());
        assert!(same_key(&float, &int));
        assert!(!same_key(&Value::Float(1e300), &Value::Float(1.1e300)));
    }
}
