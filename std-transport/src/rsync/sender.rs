//! The side that has the files: for each target, what it asked for and what it was sent.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use std::io;

use super::content_cache::{ContentCache, OpenFile};
use super::data_message::DataMessage;
use super::observer::Observer;
use super::protocol::{
    FileResult, FromTarget, Note, NoteKind, Outcome, ProtocolError, SegmentKind, Settings,
    Unpacker, Want,
};
use super::receiver::digest;
use crate::link::FileRange;

/// The source's end of a sync with one target.
///
/// It opens files by the numbers of its own listing alone. A target asks for files in ascending order, so that none is
/// asked for twice, and for each folder once.
#[derive(Debug)]
pub(crate) struct Sender<O> {
    observer: O,
    cache: Arc<ContentCache>,
    settings: Settings,
    wants: VecDeque<Want>,
    /// The numbers below this were asked for, or passed over.
    next_file: u32,
    /// By folder, whether it was asked for.
    asked: Vec<bool>,
    sending: Option<Sending>,
    /// What was sent and is not settled, with how many bytes.
    unsettled: VecDeque<(u32, u64)>,
    sent: u64,
    taken: u64,
    done: bool,
}

#[derive(Debug)]
struct Sending {
    file: OpenFile,
    /// What comes before this was sent.
    offset: u64,
    /// From the offset to here there is no hole.
    data_end: u64,
    /// How many bytes of holes may still be sent: the target takes no more than were listed.
    holes_left: u64,
    /// Why something else was sent in the place of content.
    failure: Option<io::Error>,
}

impl<O: Observer> Sender<O> {
    pub(crate) fn new(cache: Arc<ContentCache>, settings: Settings, observer: O) -> Self {
        Self {
            observer,
            cache,
            settings,
            wants: VecDeque::new(),
            next_file: 0,
            asked: Vec::new(),
            sending: None,
            unsettled: VecDeque::new(),
            sent: 0,
            taken: 0,
            done: false,
        }
    }

    /// Takes one message. Folders that are to be listed are added to `asks`.
    ///
    /// # Errors
    /// The target does not keep to the protocol; the sync with it is over.
    pub(crate) fn handle(
        &mut self,
        message: &FromTarget,
        asks: &mut Vec<u32>,
    ) -> Result<(), ProtocolError> {
        if self.done {
            return Err(ProtocolError::OutOfTurn);
        }
        match message {
            FromTarget::Want(wants) => self.take_wants(wants),
            FromTarget::Ask(folders) => self.take_asks(folders, asks),
            FromTarget::Ack { taken, outcomes } => self.take_acknowledgement(*taken, outcomes),
            FromTarget::Note(notes) => self.take_notes(notes),
            FromTarget::Done if self.is_settled() => {
                self.done = true;
                Ok(())
            }
            FromTarget::Done => Err(ProtocolError::OutOfTurn),
        }
    }

    /// Whether the target has said that everything is in its place.
    pub(crate) const fn is_done(&self) -> bool {
        self.done
    }

    /// Whether there is something to send that the target lets us send.
    pub(crate) fn can_send(&self) -> bool {
        let pending = self.sending.is_some() || !self.wants.is_empty();
        pending && self.sent - self.taken < self.settings.window
    }

    pub(crate) fn into_observer(self) -> O {
        self.observer
    }

    /// Fills the message with the next content.
    pub(crate) fn fill(&mut self, message: &mut DataMessage) {
        message.clear();
        while message.has_room() {
            match self.sending.take() {
                Some(sending) => self.go_on(sending, message),
                None => match self.wants.pop_front() {
                    Some(want) => self.begin(want, message),
                    None => break,
                },
            }
        }
        self.sent += message.len();
    }

    /// The last message was sent. An error says that bytes of its file range were sent as zeros.
    pub(crate) fn sent(&mut self, range: io::Result<()>) {
        if let (Err(error), Some(sending)) = (range, &mut self.sending) {
            sending.failure = Some(error);
        }
    }

    fn begin(&mut self, want: Want, message: &mut DataMessage) {
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
            (0, self.cache.index().listed_size(want.file).unwrap_or(0))
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

    fn go_on(&mut self, sending: Sending, message: &mut DataMessage) {
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
                self.send_piece(sending, kind, FileRange { file, offset, len }, message);
            }
            _ => self.send_bytes(sending, kind, left, message),
        }
    }

    /// Leaves the next bytes in the file until they are on the link.
    fn send_piece(
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
            // It became shorter since it was opened: what is here now is neither the old nor the new content.
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
        // Where it cannot be read, sending it says why.
        file.reopened(&self.cache)
            .and_then(|(content, meta)| digest(content, meta.size))
            .is_ok_and(|ours| ours == theirs)
    }

    fn count(&mut self, len: usize) {
        if let Some((_, bytes)) = self.unsettled.back_mut() {
            *bytes += u64::try_from(len).unwrap_or(0);
        }
    }

    fn is_settled(&self) -> bool {
        self.wants.is_empty() && self.sending.is_none() && self.unsettled.is_empty()
    }

    fn take_wants(&mut self, wants: &[u8]) -> Result<(), ProtocolError> {
        let mut unpacker = Unpacker::new(wants);
        while !unpacker.is_empty() {
            let want = Want::unpack(&mut unpacker)?;
            let size = self
                .cache
                .index()
                .size(want.file)
                .ok_or(ProtocolError::Request)?;
            if want.file < self.next_file {
                return Err(ProtocolError::Request);
            }
            self.next_file = want.file.saturating_add(1);
            self.observer.asked(size);
            // In a dry run the request is all there is.
            if self.settings.dry_run {
                let path = || path_of_file(&self.cache, want.file);
                self.observer.settled(&path, size, FileResult::Written);
            } else {
                self.wants.push_back(want);
            }
        }
        Ok(())
    }

    fn take_asks(&mut self, folders: &[u8], asks: &mut Vec<u32>) -> Result<(), ProtocolError> {
        let mut unpacker = Unpacker::new(folders);
        while !unpacker.is_empty() {
            let folder = unpacker.u32()?;
            self.ask(folder).ok_or(ProtocolError::Request)?;
            asks.push(folder);
        }
        Ok(())
    }

    /// Notes that a folder was asked for; `None` if it was not listed, or was asked for before.
    fn ask(&mut self, folder: u32) -> Option<()> {
        if folder >= self.cache.index().end_of_folders() {
            return None;
        }
        let folder = usize::try_from(folder).ok()?;
        if self.asked.len() <= folder {
            self.asked.resize(folder + 1, false);
        }
        let asked = self.asked.get_mut(folder).filter(|asked| !**asked)?;
        *asked = true;
        Some(())
    }

    fn take_acknowledgement(&mut self, taken: u64, outcomes: &[u8]) -> Result<(), ProtocolError> {
        if taken > self.sent || taken < self.taken {
            return Err(ProtocolError::Acknowledgement);
        }
        self.taken = taken;
        let mut unpacker = Unpacker::new(outcomes);
        while !unpacker.is_empty() {
            let outcome = Outcome::unpack(&mut unpacker)?;
            let is_whole = self
                .sending
                .as_ref()
                .is_none_or(|now| now.file.number() != outcome.file);
            match self.unsettled.pop_front() {
                Some((file, bytes)) if file == outcome.file && is_whole => {
                    let path = || path_of_file(&self.cache, file);
                    self.observer.settled(&path, bytes, outcome.result);
                }
                _ => return Err(ProtocolError::Acknowledgement),
            }
        }
        self.observer.took(taken);
        Ok(())
    }

    fn take_notes(&mut self, notes: &[u8]) -> Result<(), ProtocolError> {
        let mut unpacker = Unpacker::new(notes);
        while !unpacker.is_empty() {
            let note = Note::unpack(&mut unpacker)?;
            let index = self.cache.index();
            if note.folder >= index.end_of_folders() {
                return Err(ProtocolError::Request);
            }
            if note.kind != NoteKind::Deleted {
                let is_file = || index.lists_file(note.folder, note.name);
                self.observer.not_asked(&is_file);
            }
            let path = || index.path(note.folder, note.name);
            self.observer.noted(&path, &note);
        }
        Ok(())
    }
}

/// The path of a listed file.
fn path_of_file(cache: &ContentCache, file: u32) -> Vec<u8> {
    // Only numbers that are listed get here.
    cache
        .index()
        .file(file)
        .map_or_else(Vec::new, |(path, _)| path)
}

/// Tells of the hole that is next, if one is. Returns the kind of the segment that follows; `None` if that was all.
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
        // It has grown since it was listed: the rest is sent as zeros.
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
