//! A section of the listing under construction.

use crate::rsync::protocol::{End, Section};

/// A section whose header is written at its end, when the number of entries is known.
pub(super) struct OpenSection {
    folder: u32,
    pub(super) entries: u32,
    /// The offset of the header.
    start: usize,
}

impl OpenSection {
    pub(super) fn begin(folder: u32, batch: &mut Vec<u8>) -> Self {
        let start = batch.len();
        batch.extend_from_slice(&[0; Section::SIZE]);
        Self {
            folder,
            entries: 0,
            start,
        }
    }

    pub(super) fn end(&self, end: End, batch: &mut [u8]) {
        let header = Section {
            folder: self.folder,
            entries: self.entries,
            end,
        }
        .pack();
        let reserved = batch
            .get_mut(self.start..)
            .and_then(|rest| rest.first_chunk_mut());
        if let Some(reserved) = reserved {
            *reserved = header;
        }
    }
}
