//! The end of a sync: what has to wait until all files are in place.

use std::io;

use super::{DirState, PendingLink, Receiver};
use crate::rsync::beneath::{Dir, Kind, Meta, Name, Pass, ROOT};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{FromTarget, NoteKind};

impl<O: Observer> Receiver<O> {
    /// Creates further names and links, deletes, and sets modes and times of folders, in this order.
    pub(super) fn finish_tree(&mut self, out: &mut Vec<FromTarget>) {
        self.name_files(out);
        for link in core::mem::take(&mut self.links) {
            match self.provide_link(&link) {
                Ok(true) => self.note(NoteKind::Linked, link.folder, &link.name, ""),
                Ok(false) => {}
                Err(error) => self.failed(link.folder, &link.name, &error),
            }
            self.push_many_notes(out);
        }
        for (folder, name) in core::mem::take(&mut self.deletions) {
            self.delete(folder, &name);
            self.push_many_notes(out);
        }
        // Last: creating, renaming and deleting an entry sets the time of its directory.
        for folder in self.folders.deepest_first() {
            self.set_folder(folder);
            self.push_many_notes(out);
        }
        self.set_folder(ROOT);
        // If the root is a file, its directory is not a folder of the sync, but has the new name in it.
        if self.settings.fsync
            && let Err(error) = self.sync_root()
        {
            self.failed(ROOT, b"", &error);
        }
    }

    /// The same for a dry run: only reports.
    pub(super) fn note_tree(&mut self, out: &mut Vec<FromTarget>) {
        self.name_files(out);
        for link in core::mem::take(&mut self.links) {
            if !self.has_link(&link) {
                self.note(NoteKind::Linked, link.folder, &link.name, "");
                self.push_many_notes(out);
            }
        }
        for (folder, name) in core::mem::take(&mut self.deletions) {
            self.note(NoteKind::Deleted, folder, &name, "");
            self.push_many_notes(out);
        }
    }

    /// Creates a link with this text, unless it exists. Returns whether it was created.
    fn provide_link(&mut self, link: &PendingLink) -> io::Result<bool> {
        let dir = self.folders.open(Pass::Content, link.folder)?;
        let name = Name::new(&link.name).map_err(io::Error::other)?;
        if is_link(&dir, name, dir.meta_of(name)?, &link.target)? {
            return Ok(false);
        }
        self.make_way(link.folder, &dir, name)?;
        dir.make_link(name, &link.target)?;
        Ok(true)
    }

    fn has_link(&mut self, link: &PendingLink) -> bool {
        if self.state(link.folder).presence != DirState::Old {
            return false;
        }
        let found = self
            .folders
            .open(Pass::Content, link.folder)
            .and_then(|dir| {
                let name = Name::new(&link.name).map_err(io::Error::other)?;
                is_link(&dir, name, dir.meta_of(name)?, &link.target)
            });
        found.unwrap_or(false)
    }

    fn delete(&mut self, folder: u32, bytes: &[u8]) {
        let removed = self
            .folders
            .open(Pass::Content, folder)
            .and_then(|dir| dir.remove(Name::new(bytes).map_err(io::Error::other)?));
        match removed {
            Ok(()) => self.note(NoteKind::Deleted, folder, bytes, ""),
            // Another process has removed it, or the sync has: it may be a temporary file that has been renamed since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => self.failed(folder, bytes, &error),
        }
    }

    fn sync_root(&mut self) -> io::Result<()> {
        self.folders.open(Pass::Content, ROOT)?.sync()
    }

    fn set_folder(&mut self, folder: u32) {
        let state = self.state(folder);
        if !matches!(state.presence, DirState::Old | DirState::New) {
            return;
        }
        // The owner keeps all permissions, so that the next sync can work in it.
        let mode = (state.mode & 0o777) | 0o700;
        let set = self.folders.open(Pass::Content, folder).and_then(|dir| {
            dir.set(mode, state.mtime)?;
            if self.settings.fsync {
                dir.sync()
            } else {
                Ok(())
            }
        });
        if let Err(error) = set {
            self.failed(folder, b"", &error);
        }
    }
}

/// Whether the entry is a link with this text.
fn is_link(dir: &Dir, name: Name<'_>, here: Option<Meta>, target: &[u8]) -> io::Result<bool> {
    Ok(here.is_some_and(|here| here.kind == Kind::Link) && dir.read_link(name)? == target)
}
