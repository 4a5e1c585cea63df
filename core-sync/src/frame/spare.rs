//! A buffer that is used again.

use alloc::vec::Vec;

/// The largest buffer that is kept, in bytes: small items, which are most, take no more.
const KEPT: usize = 512;

/// The buffer of an earlier payload, for the next one: an item is read into it, and it is free again when the item has been
/// copied or decoded. A program that receives small items one after the other allocates no buffers for them.
#[derive(Debug, Default)]
pub(crate) struct SpareBuffer(Vec<u8>);

impl SpareBuffer {
    /// An empty buffer, with the memory of an earlier one if there is one.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }

    /// Keeps the buffer if it is a small one.
    pub(crate) fn put(&mut self, mut buffer: Vec<u8>) {
        if (self.0.capacity()..=KEPT).contains(&buffer.capacity()) {
            buffer.clear();
            self.0 = buffer;
        }
    }
}
