//! The small form of a table: finds equal keys among a few entries without an index.
//!
//! Each key gets a mark, which is cheaper than a hash, and keys are compared only
//! if two marks agree; those of the names of a record seldom do. Marks are not
//! secret, so a peer can choose keys that share one. That costs it at most 32
//! comparisons of each key.

use alloc::vec::Vec;

use super::{Entry, SMALL, half, merge};
use crate::Value;
use crate::value::key::{self, same_key};

/// Whether no two keys of a few share a mark.
pub(super) fn are_distinct<E: Entry>(entries: &[E]) -> bool {
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
pub(super) fn merge_small<E: Entry>(entries: &mut Vec<E>) {
    let kept = merge(entries, |earlier, entry| {
        let mut earlier = earlier.iter_mut();
        earlier.find(|held| same_key(held.key(), entry.key()))
    });
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
