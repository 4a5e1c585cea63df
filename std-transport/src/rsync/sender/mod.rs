//! The source of a sync, for one target: its requests, and what has been sent to it.

mod content;

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use super::content_cache::ContentCache;
use super::observer::Observer;
use super::protocol::{
    FileResult, FromTarget, Note, NoteKind, Outcome, ProtocolError, Settings, Unpacker, Want,
};
use content::Sending;

/// The state of the source for one target.
///
/// It opens files only by the numbers of its own listing. A target must request files in ascending order and each
/// folder once, so that it cannot make the source send anything twice.
#[derive(Debug)]
pub(crate) struct Sender<O> {
    observer: O,
    cache: Arc<ContentCache>,
    settings: Settings,
    wants: VecDeque<Want>,
    /// Only files from this number on may be requested.
    next_file: u32,
    /// By folder, whether it was requested.
    asked: Vec<bool>,
    sending: Option<Sending>,
    /// Files that were begun and have no result yet, with the number of bytes sent.
    unsettled: VecDeque<(u32, u64)>,
    /// Numbers of bytes of content that were sent, and that the target has acknowledged.
    sent: u64,
    taken: u64,
    done: bool,
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

    /// Handles one message. Requested folders are added to `asks`.
    ///
    /// # Errors
    /// The target violates the protocol; the sync with it is over.
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

    /// Whether the target has reported that it is complete.
    pub(crate) const fn is_done(&self) -> bool {
        self.done
    }

    /// Whether there is content to send, and room in the target's window.
    pub(crate) fn can_send(&self) -> bool {
        let pending = self.sending.is_some() || !self.wants.is_empty();
        pending && self.sent - self.taken < self.settings.window
    }

    pub(crate) fn into_observer(self) -> O {
        self.observer
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
            // In a dry run nothing is sent: this is the result.
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

    /// Records the request of a folder; `None` if it was not listed, or was requested before.
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
        // Otherwise a target could widen its window at will, and `sent - taken` could underflow.
        if taken > self.sent || taken < self.taken {
            return Err(ProtocolError::Acknowledgement);
        }
        self.taken = taken;
        let mut unpacker = Unpacker::new(outcomes);
        while !unpacker.is_empty() {
            let outcome = Outcome::unpack(&mut unpacker)?;
            // A result for the file that is being sent would settle bytes that have not left yet.
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
    // The number was checked when the file was requested.
    cache
        .index()
        .file(file)
        .map_or_else(Vec::new, |(path, _)| path)
}
