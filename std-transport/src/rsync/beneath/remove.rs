//! Removing entries of directories.

use alloc::sync::Arc;
use std::io;

use super::{Dir, Folders, Kind, Name, Pass, ROOT, Unlinked};

/// Why a file or link does not replace a directory.
pub(crate) const IN_THE_WAY: &str =
    "a directory that is not empty is in the way; delete it or use --delete";

impl Dir {
    /// Removes an entry, a directory with everything in it. Links are removed and not followed.
    ///
    /// # Errors
    /// Something could not be removed. Other entries may have been removed before.
    pub(crate) fn remove(&self, name: Name<'_>) -> io::Result<()> {
        if let Unlinked::Directory(_) = self.unlink(name)? {
            remove_content(self.open_dir(name)?)?;
            self.remove_empty(name)?;
        }
        Ok(())
    }

    fn remove_empty(&self, name: Name<'_>) -> io::Result<()> {
        if self.remove_dir(name)? {
            Ok(())
        } else {
            Err(io::ErrorKind::DirectoryNotEmpty.into())
        }
    }

    /// Whether the entry is a directory that has entries.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(crate) fn is_full_directory(&self, name: Name<'_>) -> io::Result<bool> {
        match self.meta_of(name)? {
            Some(meta) if meta.kind == Kind::Directory => {
                Ok(!self.open_dir(name)?.list()?.is_empty())
            }
            _ => Ok(false),
        }
    }

    /// Removes a directory in the way of a file or link: an empty one, or with `delete` any. A rename replaces any other
    /// entry. Returns whether the directory had entries.
    ///
    /// # Errors
    /// The directory has entries and `delete` is not set, or it cannot be removed.
    pub(crate) fn make_way(&self, name: Name<'_>, delete: bool) -> io::Result<bool> {
        match self.meta_of(name)? {
            Some(meta) if meta.kind == Kind::Directory => {}
            _ => return Ok(false),
        }
        // The system decides whether the directory is empty: another process can put an entry into it at any time.
        match self.remove_dir(name)? {
            true => Ok(false),
            false if delete => self.remove(name).map(|()| true),
            false => Err(io::Error::other(IN_THE_WAY)),
        }
    }
}

/// Empties a tree of any depth without using paths: first the files, from the top down, then the directories, from the
/// deepest up.
fn remove_content(tree: Dir) -> io::Result<()> {
    let mut folders = Folders::new(Arc::new(tree));
    let mut unvisited = vec![ROOT];
    while let Some(at) = unvisited.pop() {
        let dir = folders.open(Pass::Listing, at)?;
        for (bytes, _) in dir.list()? {
            let name = Name::new(&bytes).map_err(io::Error::other)?;
            if let Unlinked::Directory(_) = dir.unlink(name)? {
                let added = folders.add(at, name);
                unvisited.push(added.ok_or_else(|| io::Error::other("too deep to remove"))?);
            }
        }
    }
    for number in folders.deepest_first() {
        if let Some((parent, name)) = folders.place(number) {
            let name: Box<[u8]> = name.as_bytes().into();
            let dir = folders.open(Pass::Listing, parent)?;
            // Windows removes no directory that is open.
            folders.close(number);
            dir.remove_empty(Name::new(&name).map_err(io::Error::other)?)?;
        }
    }
    Ok(())
}
