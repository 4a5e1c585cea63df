//! Files with several names (hard links).
//!
//! Of the names that the target takes, the first gets the content as other files do. The others are given to the file
//! when its content is in place. Another process may replace the file in between, so the file is identified by device
//! and inode.

use std::collections::HashMap;
use std::io;

use super::content::Wanted;
use super::{DirState, Receiver};
use crate::rsync::beneath::{Identity, Meta, Name, Pass};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{FromTarget, NoteKind, ProtocolError};

/// The files with several names, by the number of the name that was listed first.
pub(super) type Groups = HashMap<u32, Option<First>>;

/// The first name of a file that the target takes.
#[derive(Debug)]
pub(super) struct First {
    folder: u32,
    name: Box<[u8]>,
    /// The file that the sync has written under this name, or found unchanged. Only this file gets the other names.
    identity: Option<Identity>,
}

/// A name for a file that is not in place yet.
#[derive(Debug)]
pub(super) struct PendingName {
    folder: u32,
    name: Box<[u8]>,
    group: u32,
}

impl<O: Observer> Receiver<O> {
    /// Takes the next file, one of the names of a file.
    pub(super) fn list_hard_link(
        &mut self,
        folder: u32,
        name: Name<'_>,
        listed: &Meta,
        group: u32,
        taken: bool,
        wants: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let file = self.next_file()?;
        if !self.settings.hard_links {
            return Err(ProtocolError::Record);
        }
        // The first name of a file has the file's own number; a later one must name a number that was listed so.
        if group == file {
            self.groups.insert(group, None);
        }
        let first = self.groups.get_mut(&group).ok_or(ProtocolError::Record)?;
        if !taken {
            return Ok(());
        }
        let bytes = name.as_bytes().into();
        if first.is_some() {
            if self.is_blocked(folder, name) {
                return Ok(());
            }
            self.names.push(PendingName {
                folder,
                name: bytes,
                group,
            });
            return Ok(());
        }
        *first = Some(First {
            folder,
            name: bytes,
            identity: None,
        });
        let before = wants.len();
        if self.list_file(folder, name, listed, Some(group), wants) {
            self.identify(folder, name, group);
        } else if wants.len() == before {
            // It has failed: the next name becomes the first, and brings the content.
            self.groups.insert(group, None);
        }
        Ok(())
    }

    /// Notes which file the first name of a group refers to.
    pub(super) fn identify(&mut self, folder: u32, name: Name<'_>, group: u32) {
        let dir = self.folders.open(Pass::Content, folder);
        let identity = dir.and_then(|dir| dir.file_identity(name)).ok().flatten();
        self.set_identity(group, identity);
    }

    pub(super) fn set_identity(&mut self, group: u32, identity: Option<Identity>) {
        if let Some(Some(first)) = self.groups.get_mut(&group) {
            first.identity = identity;
        }
    }

    /// The same for a file that was requested.
    pub(super) fn identify_wanted(&mut self, wanted: &Wanted) {
        if let (Some(group), Ok(name)) = (wanted.group, Name::new(&wanted.name)) {
            self.identify(wanted.folder, name, group);
        }
    }

    /// Gives files their other names; in a dry run, only reports them.
    pub(super) fn name_files(&mut self, out: &mut Vec<FromTarget>) {
        for pending in core::mem::take(&mut self.names) {
            match self.name_file(&pending) {
                Ok(true) => self.note(NoteKind::Linked, pending.folder, &pending.name, ""),
                Ok(false) => self.observer.had(),
                Err(error) => self.failed(pending.folder, &pending.name, &error),
            }
            self.push_many_notes(out);
        }
    }

    /// Gives a file another name. Returns false if it has it already.
    fn name_file(&mut self, pending: &PendingName) -> io::Result<bool> {
        let name = Name::new(&pending.name).map_err(io::Error::other)?;
        let first = self.groups.get(&pending.group).and_then(Option::as_ref);
        let first = first.ok_or(io::ErrorKind::NotFound)?;
        let folder = pending.folder;
        if self.settings.dry_run {
            let identity = first.identity;
            return Ok(!self.has_name(folder, name, identity));
        }
        let identity = first
            .identity
            .ok_or_else(|| io::Error::other("its file was not synced under its first name"))?;
        let dir = self.folders.open(Pass::Content, pending.folder)?;
        if dir.file_identity(name)? == Some(identity) {
            return Ok(false);
        }
        self.make_way(folder, &dir, name)?;
        let first = self.groups.get(&pending.group).and_then(Option::as_ref);
        let first = first.ok_or(io::ErrorKind::NotFound)?;
        let old = Name::new(&first.name).map_err(io::Error::other)?;
        let from = self.folders.open(Pass::Listing, first.folder)?;
        dir.make_hard_link(name, &from, old, identity)?;
        Ok(true)
    }

    fn has_name(&mut self, folder: u32, name: Name<'_>, identity: Option<Identity>) -> bool {
        if identity.is_none() || self.state(folder).presence != DirState::Old {
            return false;
        }
        let dir = self.folders.open(Pass::Content, folder);
        dir.and_then(|dir| dir.file_identity(name))
            .is_ok_and(|here| here == identity)
    }
}
