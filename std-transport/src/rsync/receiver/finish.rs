use std::io;

use super::{DirState, PendingLink, Receiver};
use crate::rsync::beneath::{Dir, Kind, Meta, Name, Pass, ROOT};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{FromTarget, NoteKind};

impl<O: Observer> Receiver<O> {
    /// What waits until all files are there: their other names, links, deletions, and what is set on folders.
    pub(super) fn finish_tree(&mut self, out: &mut Vec<FromTarget>) {
        self.name_files(out);
        for link in core::mem::take(&mut self.links) {
            let made = self
                .folders
                .open(Pass::Content, link.folder)
                .and_then(|dir| {
                    let name = Name::new(&link.name).map_err(io::Error::other)?;
                    provide_link(&dir, name, &link.target)
                });
            match made {
                Ok(true) => self.note(NoteKind::Linked, link.folder, &link.name, ""),
                Ok(false) => {}
                Err(error) => self.failed(link.folder, &link.name, &error),
            }
            self.push_many_notes(out);
        }
        for (folder, name) in self.take_deletions() {
            self.delete(folder, &name);
            self.push_many_notes(out);
        }
        for folder in self.folders.deepest_first() {
            self.set_folder(folder);
            self.push_many_notes(out);
        }
        self.set_folder(ROOT);
        // It is no folder of a sync whose root is a file, and has its name all the same.
        if self.settings.fsync
            && let Err(error) = self.sync_root()
        {
            self.failed(ROOT, b"", &error);
        }
    }

    /// In a dry run, what would be made and removed.
    pub(super) fn note_tree(&mut self, out: &mut Vec<FromTarget>) {
        self.name_files(out);
        for link in core::mem::take(&mut self.links) {
            if !self.has_link(&link) {
                self.note(NoteKind::Linked, link.folder, &link.name, "");
                self.push_many_notes(out);
            }
        }
        for (folder, name) in self.take_deletions() {
            self.note(NoteKind::Deleted, folder, &name, "");
            self.push_many_notes(out);
        }
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
            // Somebody was faster, or it was a file of this sync that has its name by now.
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
        // The owner keeps all rights, so that the next sync can work in it.
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

/// A link of that text, and whether it had to be made.
fn provide_link(dir: &Dir, name: Name<'_>, target: &[u8]) -> io::Result<bool> {
    let here = dir.meta_of(name)?;
    if is_link(dir, name, here, target)? {
        return Ok(false);
    }
    if here.is_some_and(|here| here.kind == Kind::Directory) {
        dir.remove(name)?;
    }
    dir.make_link(name, target)?;
    Ok(true)
}

/// Whether what is there of that name is a link of that text.
fn is_link(dir: &Dir, name: Name<'_>, here: Option<Meta>, target: &[u8]) -> io::Result<bool> {
    Ok(here.is_some_and(|here| here.kind == Kind::Link) && dir.read_link(name)? == target)
}
