//! What the receiver reports to the source and to its observer.

use core::mem;
use std::io;

use super::Receiver;
use super::content::Wanted;
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{FileResult, FromTarget, Note, NoteKind, Outcome};

/// Notes are sent once they are this many bytes.
const NOTES_SIZE: usize = 64 << 10;

impl<O: Observer> Receiver<O> {
    /// Reports what was done to an entry that was not requested.
    pub(super) fn note(&mut self, kind: NoteKind, folder: u32, name: &[u8], text: &str) {
        let note = Note {
            kind,
            folder,
            name,
            text: text.as_bytes(),
        };
        let path = || self.folders.path(folder, name);
        self.observer.noted(&path, &note);
        note.pack(&mut self.notes);
    }

    /// Reports what could not be done.
    pub(super) fn failed(&mut self, folder: u32, name: &[u8], error: &io::Error) {
        self.note(NoteKind::Failed, folder, name, &error.to_string());
    }

    /// Reports the result of a requested file.
    pub(super) fn settle(&mut self, wanted: &Wanted, result: FileResult<'_>) {
        let path = || self.folders.path(wanted.folder, &wanted.name);
        self.observer.settled(&path, wanted.size, result);
        Outcome {
            file: wanted.file,
            result,
        }
        .pack(&mut self.outcomes);
    }

    /// Acknowledges the content that was taken, if there is anything new.
    pub(super) fn push_acknowledgement(&mut self, out: &mut Vec<FromTarget>) {
        if self.taken != self.acknowledged || !self.outcomes.is_empty() {
            self.acknowledged = self.taken;
            self.observer.took(self.taken);
            out.push(FromTarget::Ack {
                taken: self.taken,
                outcomes: mem::take(&mut self.outcomes),
            });
        }
    }

    /// Sends the notes if there are enough for a message.
    pub(super) fn push_many_notes(&mut self, out: &mut Vec<FromTarget>) {
        if self.notes.len() > NOTES_SIZE {
            self.push_notes(out);
        }
    }

    pub(super) fn push_notes(&mut self, out: &mut Vec<FromTarget>) {
        if !self.notes.is_empty() {
            out.push(FromTarget::Note(mem::take(&mut self.notes)));
        }
    }
}
