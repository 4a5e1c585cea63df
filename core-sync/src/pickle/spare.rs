//! The buffer of a conversion, for the next one of the thread.
//!
//! An allocator gives a block of this size back to the system when it is freed, and gets it again page by page: for an item
//! of some 100 KB that takes a sixth of the time from its arrival to its value.

use alloc::vec::Vec;
use core::cell::Cell;
use core::ops::RangeInclusive;

/// The lengths of buffers that are kept, in bytes. Allocators keep shorter blocks themselves, and longer ones would be too
/// much to hold for each thread.
const KEPT: RangeInclusive<usize> = 64 << 10..=1 << 20;

std::thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An empty buffer with room for `len` bytes.
pub(super) fn take(len: usize) -> Vec<u8> {
    if !KEPT.contains(&len) {
        return Vec::with_capacity(len);
    }
    // Not `with`, which panics: the destructor of another thread-local value may send an item when this one is gone.
    let mut buffer = SPARE.try_with(Cell::take).unwrap_or_default();
    buffer.clear();
    buffer.reserve(len);
    buffer
}

/// Keeps a buffer that is no longer needed.
pub(crate) fn keep(buffer: Vec<u8>) {
    if KEPT.contains(&buffer.capacity()) {
        // Fails at the end of the thread, which needs no buffer.
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_if_its_length_is_one_that_is_kept() {
        for (capacity, again) in [
            (*KEPT.start(), true),
            (*KEPT.end(), true),
            (*KEPT.start() - 1, false),
            (*KEPT.end() + 1, false),
        ] {
            SPARE.set(Vec::new());
            let mut buffer = Vec::with_capacity(capacity);
            buffer.push(1);
            keep(buffer);
            let taken = take(*KEPT.start());
            assert!(taken.is_empty(), "{capacity}");
            assert_eq!(taken.capacity() == capacity, again, "{capacity}");
        }
    }
}
