//! All file operations of a sync, relative to directories that are held open.
//!
//! Nothing here joins paths. An entry is identified by an open directory and one [`Name`] in it, and links are not
//! followed: a process that replaces a directory by a link while a sync runs cannot divert the sync. New content is
//! written under a temporary name, and replaces the old content in one step.
//!
//! What differs between systems is in `unix` and `windows`, which have the same face.

mod folders;
mod links;
mod meta;
mod name;
mod remove;
mod temporary;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(any(windows, test))]
mod windows_names;

use std::io;
use std::path::Path;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub(crate) use folders::{Folders, MAX_DEPTH, Pass, ROOT};
pub(crate) use meta::{Identity, Kind, Meta};
pub(crate) use name::{Name, NameError};
pub(crate) use remove::IN_THE_WAY;
pub(crate) use system::{
    Dir, Siblings, bytes_of, data_range, has_other_separators, host, identity_of, kept_mode,
    path_of, read_at, same_time,
};
pub(crate) use temporary::Temporary;

#[cfg(test)]
std::thread_local! {
    /// How many directories this thread has opened in others.
    pub(crate) static OPENED: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
    /// How many files and directories it has synced to the disk.
    pub(crate) static SYNCED: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

/// What became of an entry that was to be removed.
#[derive(Debug)]
enum Unlinked {
    Removed,
    /// It seems to be a directory, by this error.
    Directory(io::Error),
}

impl Dir {
    /// Makes sure that there is a directory of this name, with all permissions for its owner. It replaces any other
    /// entry. Returns whether it was created.
    ///
    /// # Errors
    /// The directory cannot be created or changed, or the other entry cannot be removed.
    pub(crate) fn provide_dir(&self, name: Name<'_>) -> io::Result<bool> {
        match self.meta_of(name)? {
            Some(meta) if meta.kind == Kind::Directory => {
                // Without them the sync cannot work in it. It keeps them in the end, too.
                if meta.mode & 0o700 != 0o700 {
                    let mode = (meta.mode & 0o777) | 0o700;
                    self.open_dir(name)?.set(mode, meta.mtime)?;
                }
                return Ok(false);
            }
            // If another process makes an entry between this and `make_dir`, that fails: nothing is followed or
            // overwritten.
            // Not `remove`: by now it may be a directory with content.
            Some(_) => match self.unlink(name)? {
                Unlinked::Removed => {}
                Unlinked::Directory(error) => return Err(error),
            },
            None => {}
        }
        self.make_dir(name)?;
        Ok(true)
    }

    /// The identity of a regular file; `None` if the entry is not one.
    ///
    /// # Errors
    /// The directory cannot be searched.
    pub(crate) fn file_identity(&self, name: Name<'_>) -> io::Result<Option<Identity>> {
        Ok(self.file_names(name)?.map(|(identity, _)| identity))
    }
}

/// The directory of a file, `.` for a path without one.
pub(crate) fn parent(path: &Path) -> &Path {
    let parent = path.parent();
    let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// Opens the destination of a sync, and creates it and its parents if they do not exist; with `fsync` writes their
/// names to the disk. Links are followed, as the path comes from the user.
///
/// # Errors
/// A component of the path is not a directory, or cannot be created.
pub(crate) fn make_root(path: &Path, fsync: bool) -> io::Result<Dir> {
    if fsync {
        // A new name is on the disk only when the directory that has it is synced, so all parents of new directories
        // are.
        let absolute = std::path::absolute(path)?;
        let parts = absolute.ancestors();
        let missing = parts.take_while(|part| !part.exists()).count();
        std::fs::create_dir_all(path)?;
        for parent in absolute.ancestors().skip(1).take(missing) {
            Dir::at(parent)?.sync()?;
        }
    } else {
        std::fs::create_dir_all(path)?;
    }
    Dir::at(path)
}
