use std::collections::HashMap;
use std::io;

use super::content::Wanted;
use super::{DirState, Receiver};
use crate::rsync::beneath::{Identity, Kind, Meta, Name, Pass};
use crate::rsync::observer::Observer;
use crate::rsync::protocol::{FromTarget, NoteKind, ProtocolError};

/// Files that have several names in the tree, by the number of the first that was listed.
pub(super) type Groups = HashMap<u32, Option<First>>;

/// The name that such a file comes with, which is the first that is taken here.
#[derive(Debug)]
pub(super) struct First {
    folder: u32,
    name: Box<[u8]>,
    /// Of the file that this sync has written, or found to be the same; what else has the name gets no other.
    identity: Option<Identity>,
}

/// A name that is given to a file once that is here.
#[derive(Debug)]
pub(super) struct PendingName {
    folder: u32,
    name: Box<[u8]>,
    group: u32,
}

impl<O: Observer> Receiver<O> {
    /// Takes a name of a file that has several, whose number is the next one.
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
        if group == file {
            self.groups.insert(group, None);
        }
        let first = self.groups.get_mut(&group).ok_or(ProtocolError::Record)?;
        if !taken {
            return Ok(());
        }
        let bytes = name.as_bytes().into();
        if first.is_some() {
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
        if self.list_file(folder, name, listed, Some(group), wants) {
            self.identify(folder, name, group);
        }
        Ok(())
    }

    /// The file of that name is the one that the others of its group are names of.
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

    /// The same for a file that has come.
    pub(super) fn identify_wanted(&mut self, wanted: &Wanted) {
        if let (Some(group), Ok(name)) = (wanted.group, Name::new(&wanted.name)) {
            self.identify(wanted.folder, name, group);
        }
    }

    /// Gives files that are here their other names; in a dry run, tells which.
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

    /// Whether the name had to be given.
    fn name_file(&mut self, pending: &PendingName) -> io::Result<bool> {
        let name = Name::new(&pending.name).map_err(io::Error::other)?;
        let first = self.groups.get(&pending.group).and_then(Option::as_ref);
        let first = first.ok_or(io::ErrorKind::NotFound)?;
        if self.settings.dry_run {
            let (identity, folder) = (first.identity, pending.folder);
            return Ok(!self.has_name(folder, name, identity));
        }
        let identity = first
            .identity
            .ok_or_else(|| io::Error::other("the file that it is another name of is not here"))?;
        let dir = self.folders.open(Pass::Content, pending.folder)?;
        if dir.file_identity(name)? == Some(identity) {
            return Ok(false);
        }
        if dir
            .meta_of(name)?
            .is_some_and(|here| here.kind == Kind::Directory)
        {
            dir.remove(name)?;
        }
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
