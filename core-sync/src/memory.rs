//! Memory whose size a peer's bytes decide: allocations that fail with an error, and do not end the program.
//!
//! Blocks of a small, fixed size are allocated as usual: the maps and reference counts of `alloc` have no other way. For
//! those of a map this is asked before.

use alloc::collections::TryReserveError;
use alloc::vec::Vec;

pub(crate) use execnet_serializer::{FALLIBLE, has_block};

/// Memory that must be left after an item was stored, in bytes: for the answer to the peer, the text of an error, a handle. All
/// these are allocated without an error.
pub(crate) const SPARE: usize = 1 << 10;

/// Whether that is left.
pub(crate) fn has_spare() -> bool {
    has_block(SPARE)
}

/// Reserves memory for more bytes: mostly as much again as there is, and where that is not left, what is needed.
#[inline]
pub(crate) fn reserve(bytes: &mut Vec<u8>, more: usize) -> Result<(), TryReserveError> {
    if bytes.capacity() - bytes.len() >= more {
        return Ok(());
    }
    grow(bytes, more)
}

#[cold]
#[inline(never)]
fn grow(bytes: &mut Vec<u8>, more: usize) -> Result<(), TryReserveError> {
    bytes
        .try_reserve(more)
        .or_else(|_| bytes.try_reserve_exact(more))
}
