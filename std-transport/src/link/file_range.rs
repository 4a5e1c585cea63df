//! A range of a file as the content of an item.

use alloc::sync::Arc;
use std::fs::File;
use std::io;

use execnet_core_sync::link::Content;

use crate::sys;

/// A range of an open file, as content of an item. The file is read where it is opened, whatever becomes of its path.
#[derive(Debug, Clone)]
pub struct FileRange {
    /// The file. Its position is not used, and on Unix not changed.
    pub file: Arc<File>,
    /// Where the range begins, in bytes.
    pub offset: u64,
    /// Number of bytes.
    pub len: usize,
}

impl FileRange {
    /// The position in the file of the byte at `offset` in the range.
    pub(super) fn position(&self, offset: usize) -> u64 {
        let offset = u64::try_from(offset).unwrap_or(u64::MAX);
        self.offset.saturating_add(offset)
    }
}

impl Content for FileRange {
    fn size(&self) -> usize {
        self.len
    }

    fn read_at(&self, offset: usize, buffer: &mut [u8]) -> io::Result<usize> {
        sys::read_at(&self.file, buffer, self.position(offset))
    }
}
