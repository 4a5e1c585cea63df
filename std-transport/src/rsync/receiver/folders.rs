//! The directories of listed folders, which the receiver opens or creates.

use alloc::sync::Arc;
use std::io;

use super::{DirState, FolderState, Receiver};
use crate::rsync::beneath::{Dir, IN_THE_WAY, Kind, Name, Pass};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{NoteKind, ProtocolError};

impl<O: Observer> Receiver<O> {
    /// Opens a folder; `None` if there is nothing to do in it.
    pub(super) fn open_listed(&mut self, folder: u32) -> Option<Arc<Dir>> {
        if !matches!(self.state(folder).presence, DirState::Old | DirState::New) {
            return None;
        }
        match self.folders.open(Pass::Listing, folder) {
            Ok(dir) => Some(dir),
            Err(error) => {
                self.lose(folder, &error);
                None
            }
        }
    }

    /// Whether a directory that is not empty is in the way of a listed file or link and must stay, which is reported.
    /// Asked before content is requested, which would be sent in vain. A dry run also reports the directory that a sync
    /// would delete.
    pub(super) fn is_blocked(&mut self, folder: u32, name: Name<'_>) -> bool {
        if self.state(folder).presence != DirState::Old {
            return false;
        }
        let dir = self.folders.open(Pass::Listing, folder);
        let full = dir.and_then(|dir| dir.is_full_directory(name));
        // A directory that cannot be read may be empty: `make_way` decides.
        if !full.unwrap_or(false) {
            return false;
        }
        if !self.settings.delete {
            self.note(NoteKind::Failed, folder, name.as_bytes(), IN_THE_WAY);
            return true;
        }
        if self.settings.dry_run {
            self.note(NoteKind::Deleted, folder, name.as_bytes(), "");
        }
        false
    }

    /// Removes a directory in the way of a file or link, and reports what that deletes.
    pub(super) fn make_way(&mut self, folder: u32, dir: &Dir, name: Name<'_>) -> io::Result<()> {
        if dir.make_way(name, self.settings.delete)? {
            self.note(NoteKind::Deleted, folder, name.as_bytes(), "");
        }
        Ok(())
    }

    /// Reports a folder that cannot be opened. Entries in it are reported as failed when they are listed.
    fn lose(&mut self, folder: u32, error: &io::Error) {
        let state = usize::try_from(folder)
            .ok()
            .and_then(|index| self.states.get_mut(index));
        if let Some(state) = state {
            state.presence = DirState::Lost;
        }
        self.failed(folder, b"", error);
    }

    /// Numbers a listed folder, and creates it if `wanted`.
    pub(super) fn list_folder(
        &mut self,
        parent: u32,
        dir: Option<&Dir>,
        name: Name<'_>,
        (mode, mtime): (u16, i64),
        wanted: bool,
    ) -> Result<u32, ProtocolError> {
        let number = self
            .folders
            .add(parent, name)
            .ok_or(ProtocolError::TooDeep)?;
        let presence = if wanted {
            self.presence(parent, dir, name)
        } else {
            DirState::Lost
        };
        self.states.push(FolderState {
            presence,
            mode,
            mtime,
        });
        Ok(number)
    }

    /// The state of a folder after it was created, if it did not exist.
    fn presence(&mut self, parent: u32, dir: Option<&Dir>, name: Name<'_>) -> DirState {
        if self.state(parent).presence == DirState::Lost {
            return DirState::Lost;
        }
        match (dir, self.settings.dry_run) {
            (None, _) => DirState::Imagined,
            (Some(dir), true) => imagine(dir, name),
            (Some(dir), false) => match dir.provide_dir(name) {
                Ok(true) => DirState::New,
                Ok(false) => DirState::Old,
                Err(error) => {
                    self.failed(parent, name.as_bytes(), &error);
                    DirState::Lost
                }
            },
        }
    }
}

/// The state of a folder in a dry run.
fn imagine(dir: &Dir, name: Name<'_>) -> DirState {
    match dir.meta_of(name) {
        Ok(Some(meta)) if meta.kind == Kind::Directory => DirState::Old,
        _ => DirState::Imagined,
    }
}
