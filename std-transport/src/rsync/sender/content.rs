//! Filling messages with the content of requested files.

use alloc::sync::Arc;
use std::io;

use super::Sender;
use crate::link::FileRange;
use crate::rsync::content_cache::OpenFile;
use crate::rsync::data_message::DataMessage;
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{SegmentKind, Want};
use crate::rsync::receiver::digest;

/// A file that is being sent.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) file: OpenFile,
    /// Everything before this offset has been sent.
    offset: u64,
    /// There is no hole between the offset and this one.
    data_end: u64,
    /// How many bytes of holes may still be sent: the target accepts at most the listed size.
    holes_left: u64,
    /// Set if zeros were sent instead of content that could not be read.
    failure: Option<io::Error>,
}

impl<O: Observer> Sender<O> {
    /// Fills the message with the next content.
    pub(crate) fn fill(&mut self, message: &mut DataMessage) {
        message.clear();
        while message.has_room() {
            match self.sending.take() {
                Some(sending) => self.resume(sending, message),
                None => match self.wants.pop_front() {
                    Some(want) => self.begin(want, message),
                    None => break,
                },
            }
        }
        self.sent += message.len();
    }

    /// Called after the last message was sent. An error means that bytes of its file range were sent as zeros: the
    /// length of the message was announced before the file was read.
    pub(crate) fn sent(&mut self, range: io::Result<()>) {
        if let (Err(error), Some(sending)) = (range, &mut self.sending) {
            sending.failure = Some(error);
        }
    }

    fn begin(&mut self, want: Want, message: &mut DataMessage) {
        // Before the file is opened: a failure is an outcome that the target returns too.
        self.unsettled.push_back((want.file, 0));
        let file = match self.cache.open(want.file) {
            Ok(file) => file,
            Err(error) => return message.add_failure(want.file, &error),
        };
        if want
            .digest
            .is_some_and(|theirs| self.has_digest(&file, theirs))
        {
            let (mode, mtime) = (file.meta.mode, file.meta.mtime);
            return message.add(want.file, SegmentKind::Same { mode, mtime }, true, 0);
        }
        let kind = SegmentKind::First {
            mode: file.meta.mode,
            size: file.meta.size,
            mtime: file.meta.mtime,
        };
        let (data_end, holes_left) = if self.settings.sparse {
            (0, self.cache.index().size(want.file).unwrap_or(0))
        } else {
            (file.meta.size, 0)
        };
        let sending = Sending {
            file,
            offset: 0,
            data_end,
            holes_left,
            failure: None,
        };
        self.send_more(sending, kind, message);
    }

    fn resume(&mut self, sending: Sending, message: &mut DataMessage) {
        match &sending.failure {
            Some(error) => message.add_failure(sending.file.number(), error),
            None => self.send_more(sending, SegmentKind::More, message),
        }
    }

    fn send_more(&mut self, mut sending: Sending, kind: SegmentKind, message: &mut DataMessage) {
        let Some(kind) = skip_hole(&mut sending, kind, message) else {
            return;
        };
        let left = sending.data_end - sending.offset;
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        match (message.room_for_file_range(left), sending.file.content()) {
            (Some(len), Some(file)) => {
                let file = Arc::clone(file);
                let offset = sending.offset;
                self.send_range(sending, kind, FileRange { file, offset, len }, message);
            }
            _ => self.send_bytes(sending, kind, left, message),
        }
    }

    /// Adds the next bytes without reading them: the link reads them from the file.
    fn send_range(
        &mut self,
        mut sending: Sending,
        kind: SegmentKind,
        range: FileRange,
        message: &mut DataMessage,
    ) {
        let len = range.len;
        message.add_file_range(sending.file.number(), kind, range);
        sending.offset += u64::try_from(len).unwrap_or(0);
        self.count(len);
        self.sending = Some(sending);
    }

    fn send_bytes(
        &mut self,
        mut sending: Sending,
        kind: SegmentKind,
        left: usize,
        message: &mut DataMessage,
    ) {
        let (number, size) = (sending.file.number(), sending.file.meta.size);
        let free = message.free();
        let wanted = left.min(free.len());
        let read = match free.get_mut(..wanted) {
            Some(buffer) => self.read_full(&sending, buffer),
            None => Ok(0),
        };
        match read {
            // The file has become shorter since it was opened: its content is neither the old nor the new one.
            Ok(len) if len < wanted => {
                message.add_failure(
                    number,
                    &io::Error::other("it was truncated while it was read"),
                );
            }
            Ok(len) => {
                sending.offset += u64::try_from(len).unwrap_or(0);
                let last = sending.offset == size;
                message.add(number, kind, last, len);
                self.count(len);
                self.sending = (!last).then_some(sending);
            }
            Err(error) => message.add_failure(number, &error),
        }
    }

    fn read_full(&self, sending: &Sending, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let offset = sending
                .offset
                .saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match self.cache.read(&sending.file, offset, rest)? {
                0 => break,
                len => filled += len,
            }
        }
        Ok(filled)
    }

    fn has_digest(&self, file: &OpenFile, theirs: [u8; 32]) -> bool {
        // If it cannot be read, sending it fails with the reason.
        file.reopened(&self.cache)
            .and_then(|(content, meta)| digest(content, meta.size))
            .is_ok_and(|ours| ours == theirs)
    }

    fn count(&mut self, len: usize) {
        if let Some((_, bytes)) = self.unsettled.back_mut() {
            *bytes += u64::try_from(len).unwrap_or(0);
        }
    }
}

/// Adds a segment for the hole at the offset, if there is one. Returns the kind of the segment that follows; `None` at
/// the end of the file.
fn skip_hole(
    sending: &mut Sending,
    kind: SegmentKind,
    message: &mut DataMessage,
) -> Option<SegmentKind> {
    let (number, offset, size) = (
        sending.file.number(),
        sending.offset,
        sending.file.meta.size,
    );
    if offset < sending.data_end || offset == size {
        return Some(kind);
    }
    let (start, end) = sending.file.data_from(offset);
    let Some(left) = sending.holes_left.checked_sub(start - offset) else {
        // The file has grown since it was listed: the rest of its holes are sent as zeros.
        sending.data_end = size;
        return Some(kind);
    };
    (sending.offset, sending.data_end, sending.holes_left) = (start, end, left);
    if start == offset {
        return Some(kind);
    }
    if matches!(kind, SegmentKind::First { .. }) {
        message.add(number, kind, false, 0);
    }
    let hole = SegmentKind::Hole {
        size: start - offset,
    };
    let last = sending.offset == size;
    message.add(number, hole, last, 0);
    (!last).then_some(SegmentKind::More)
}
