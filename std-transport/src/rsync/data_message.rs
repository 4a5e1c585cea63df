//! A DATA message under construction.

use std::io;

use execnet_serializer::{Dump, DumpError, EncodeError, Encoder};

use super::protocol::{Segment, SegmentKind, dump_data, split_data};
use crate::link::FileRange;

/// Maximum number of content bytes in a message.
pub(crate) const CHUNK: usize = 256 << 10;

/// Maximum number of segments in a message.
const SEGMENTS: usize = 1024;

/// Ranges of at least this many bytes are not read into memory; the link sends them from the file.
pub(crate) const DIRECT: usize = 32 << 10;

/// Segments and a body, in buffers that are reused.
#[derive(Debug)]
pub(crate) struct DataMessage {
    pub(crate) segments: Vec<u8>,
    body: Vec<u8>,
    used: usize,
    /// The end of the body, if it is still in its file.
    range: Option<FileRange>,
    takes_file_ranges: bool,
}

impl DataMessage {
    /// For a channel that sends file ranges, or only content in memory.
    pub(crate) fn new(takes_file_ranges: bool) -> Self {
        Self {
            segments: Vec::new(),
            body: vec![0; CHUNK],
            used: 0,
            range: None,
            takes_file_ranges,
        }
    }

    /// The part of the body that is in memory.
    pub(crate) fn body(&self) -> &[u8] {
        self.body.get(..self.used).unwrap_or_default()
    }

    pub(crate) fn file_range(&self) -> Option<&FileRange> {
        self.range.as_ref()
    }

    pub(crate) fn clear(&mut self) {
        self.segments.clear();
        self.used = 0;
        self.range = None;
    }

    /// The free part of the buffer, for content that is read into memory.
    pub(crate) fn free(&mut self) -> &mut [u8] {
        self.body.get_mut(self.used..).unwrap_or_default()
    }

    pub(crate) fn has_room(&self) -> bool {
        let segments = self.segments.len() < SEGMENTS * Segment::SIZE;
        segments && self.range.is_none() && self.used < self.body.len()
    }

    /// How many of `left` bytes can be a file range; `None` if they are to be read into memory.
    pub(crate) fn room_for_file_range(&self, left: usize) -> Option<usize> {
        let room = left.min(self.body.len() - self.used);
        (self.takes_file_ranges && room >= DIRECT).then_some(room)
    }

    /// Adds a segment for bytes that are still in a file. It is never the last of the file: a read error shows only
    /// when they are sent.
    pub(crate) fn add_file_range(&mut self, file: u32, kind: SegmentKind, range: FileRange) {
        self.add_segment(file, kind, false, range.len);
        self.range = Some(range);
    }

    /// Adds a segment for the next `len` bytes of the body.
    pub(crate) fn add(&mut self, file: u32, kind: SegmentKind, last: bool, len: usize) {
        self.used += len;
        self.add_segment(file, kind, last, len);
    }

    fn add_segment(&mut self, file: u32, kind: SegmentKind, last: bool, len: usize) {
        // A message is shorter than 4 GiB.
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        Segment {
            file,
            kind,
            last,
            len,
        }
        .pack(&mut self.segments);
    }

    pub(crate) fn add_failure(&mut self, file: u32, error: &io::Error) {
        let text = error.to_string();
        let free = self.free();
        let len = text.len().min(free.len());
        if let (Some(to), Some(from)) = (free.get_mut(..len), text.as_bytes().get(..len)) {
            to.copy_from_slice(from);
        }
        self.add(file, SegmentKind::Failed, true, len);
    }

    pub(crate) fn len(&self) -> u64 {
        let len = self.segments.len() + self.body_len();
        u64::try_from(len).unwrap_or(u64::MAX)
    }

    fn body_len(&self) -> usize {
        self.used + self.range.as_ref().map_or(0, |range| range.len)
    }

    /// The encoded bytes before and after the file range.
    ///
    /// # Errors
    /// The item would be too long.
    pub(crate) fn split(&self) -> Result<(Vec<u8>, Vec<u8>), DumpError> {
        split_data(&self.segments, self.body(), self.body_len())
    }
}

/// Only for a message without a file range.
impl Dump for DataMessage {
    fn dump<W: embedded_io::Write>(
        &self,
        encoder: &mut Encoder<W>,
    ) -> Result<(), EncodeError<W::Error>> {
        dump_data(&self.segments, self.body(), encoder)
    }
}
