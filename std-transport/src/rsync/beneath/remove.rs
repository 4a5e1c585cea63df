//! Removing entries of directories.

use alloc::sync::Arc;
use std::io;

use rustix::fs::AtFlags;
use rustix::io::Errno;

use super::{Dir, Folders, Kind, Name, Pass, ROOT};

/// Why a file or link does not replace a directory.
pub(crate) const IN_THE_WAY: &str =
    "a directory that is not empty is in the way; delete it or use --delete";

impl Dir {
    /// Removes an entry, a directory with everything in it. Links are removed and not followed.
    ///
    /// # Errors
    /// Something could not be removed. Other entries may have been removed before.
    pub(crate) fn remove(&self, name: Name<'_>) -> io::Result<()> {
        // Tried without looking first: what the entry is may change between a look and the call.
        match rustix::fs::unlinkat(self.fd(), name.as_bytes(), AtFlags::empty()) {
            // It is a directory: Linux returns the first error, other systems the second.
            Err(Errno::ISDIR | Errno::PERM) => {}
            other => return Ok(other?),
        }
        let tree = self.open_dir(name)?;
        remove_content(tree)?;
        Ok(rustix::fs::unlinkat(
            self.fd(),
            name.as_bytes(),
            AtFlags::REMOVEDIR,
        )?)
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
        match rustix::fs::unlinkat(self.fd(), name.as_bytes(), AtFlags::REMOVEDIR) {
            Ok(()) => Ok(false),
            Err(Errno::NOTEMPTY | Errno::EXIST) if delete => self.remove(name).map(|()| true),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Err(io::Error::other(IN_THE_WAY)),
            Err(error) => Err(error.into()),
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
            match rustix::fs::unlinkat(dir.fd(), name.as_bytes(), AtFlags::empty()) {
                Err(Errno::ISDIR | Errno::PERM) => {
                    let added = folders.add(at, name);
                    unvisited.push(added.ok_or_else(|| io::Error::other("too deep to remove"))?);
                }
                other => other?,
            }
        }
    }
    for number in folders.deepest_first() {
        if let Some((parent, name)) = folders.place(number) {
            let name: Box<[u8]> = name.as_bytes().into();
            let dir = folders.open(Pass::Listing, parent)?;
            rustix::fs::unlinkat(dir.fd(), &*name, AtFlags::REMOVEDIR)?;
        }
    }
    Ok(())
}
