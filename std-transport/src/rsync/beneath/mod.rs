//! All file operations of a sync, relative to directories that are held open.
//!
//! Nothing here joins paths. An entry is identified by an open directory and one [`Name`] in it, and links are not
//! followed: a process that replaces a directory by a link while a sync runs cannot divert the sync. New content is
//! written under a temporary name, and replaces the old content in one step.

mod folders;
mod links;
mod meta;
mod name;
mod remove;
mod temporary;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

pub(crate) use folders::{Folders, MAX_DEPTH, Pass, ROOT};
pub(crate) use meta::{Identity, Kind, Meta};
pub(crate) use name::{Name, NameError};
pub(crate) use remove::IN_THE_WAY;
pub(crate) use temporary::Temporary;

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

#[cfg(test)]
std::thread_local! {
    /// How many directories this thread has opened in others.
    pub(crate) static OPENED: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
    /// How many files and directories it has synced to the disk.
    pub(crate) static SYNCED: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

impl Dir {
    /// Opens a directory by its path. Links are followed, as the path comes from the user.
    ///
    /// # Errors
    /// It does not exist, or is not a directory.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        Ok(Self(rustix::fs::openat(
            CWD,
            path,
            DIRECTORY,
            Mode::empty(),
        )?))
    }

    /// Opens a directory in this one.
    ///
    /// # Errors
    /// It does not exist, or is not a directory; a link to a directory is not one.
    pub(crate) fn open_dir(&self, name: Name<'_>) -> io::Result<Self> {
        #[cfg(test)]
        OPENED.set(OPENED.get() + 1);
        let flags = DIRECTORY | OFlags::NOFOLLOW;
        Ok(Self(rustix::fs::openat(
            self.fd(),
            name.as_bytes(),
            flags,
            Mode::empty(),
        )?))
    }

    /// Creates a directory in this one.
    ///
    /// # Errors
    /// The entry exists, or this directory is not writable.
    pub(crate) fn make_dir(&self, name: Name<'_>) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(self.fd(), name.as_bytes(), Mode::RWXU)?)
    }

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
            Some(_) => rustix::fs::unlinkat(self.fd(), name.as_bytes(), AtFlags::empty())?,
            None => {}
        }
        self.make_dir(name)?;
        Ok(true)
    }

    /// The metadata of an entry; `None` if it does not exist.
    ///
    /// # Errors
    /// The directory cannot be searched.
    pub(crate) fn meta_of(&self, name: Name<'_>) -> io::Result<Option<Meta>> {
        match rustix::fs::statat(self.fd(), name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Meta::new(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The identity of a regular file; `None` if the entry is not one.
    ///
    /// # Errors
    /// The directory cannot be searched.
    pub(crate) fn file_identity(&self, name: Name<'_>) -> io::Result<Option<Identity>> {
        Ok(self.file_names(name)?.map(|(identity, _)| identity))
    }

    /// The same with the number of its names.
    ///
    /// # Errors
    /// The directory cannot be searched.
    pub(crate) fn file_names(&self, name: Name<'_>) -> io::Result<Option<(Identity, u64)>> {
        match rustix::fs::statat(self.fd(), name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if Meta::new(&stat).kind == Kind::File => {
                Ok(Some((Identity::new(&stat), meta::names(&stat))))
            }
            Ok(_) | Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The metadata of the directory itself.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn meta(&self) -> io::Result<Meta> {
        Ok(Meta::new(&rustix::fs::fstat(self.fd())?))
    }

    /// The names in it, in ascending order of their bytes, with the kinds that the directory itself records.
    ///
    /// # Errors
    /// It cannot be read to its end.
    pub(crate) fn list(&self) -> io::Result<Vec<(Box<[u8]>, Kind)>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(self.fd())? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push((name.into(), entry.file_type().into()));
            }
        }
        // The order of the protocol: both sides merge their lists by it, and a repeated name shows.
        names.sort_unstable_by(|(a, _), (b, _)| Ord::cmp(a, b));
        Ok(names)
    }

    /// Opens a regular file for reading, and nothing else: no link, and no pipe, whose opening would wait for a writer.
    ///
    /// # Errors
    /// It does not exist, is not a regular file, or is not readable.
    pub(crate) fn open_file(&self, name: Name<'_>) -> io::Result<(File, Meta)> {
        self.open_flags(name, OFlags::NOFOLLOW)
    }

    /// Opens a regular file for reading; links are followed.
    ///
    /// # Errors
    /// As [`open_file`](Self::open_file).
    pub(crate) fn open_followed(&self, name: Name<'_>) -> io::Result<(File, Meta)> {
        self.open_flags(name, OFlags::empty())
    }

    fn open_flags(&self, name: Name<'_>, more: OFlags) -> io::Result<(File, Meta)> {
        // Without NONBLOCK, opening a pipe waits for its writer. Without NOCTTY, a terminal may become that of this
        // process.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | more;
        let fd = rustix::fs::openat(self.fd(), name.as_bytes(), flags, Mode::empty())?;
        // Of the descriptor and not of the name, which may be that of another file by now.
        let meta = Meta::new(&rustix::fs::fstat(&fd)?);
        match meta.kind {
            Kind::File => Ok((File::from(fd), meta)),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            )),
        }
    }

    /// Sets mode and modification time of the directory itself, if they differ.
    ///
    /// # Errors
    /// The system call fails, usually because the directory has another owner.
    pub(crate) fn set(&self, mode: u16, mtime: i64) -> io::Result<()> {
        let now = self.meta()?;
        // setgid and sticky are kept as they are: they depend on where the directory is, and not on the source.
        let mode = mode | (now.mode & 0o7000);
        if now.mode != mode {
            rustix::fs::fchmod(self.fd(), Mode::from_raw_mode(mode.into()))?;
        }
        if now.mtime != mtime {
            temporary::set_mtime(self.fd(), mtime)?;
        }
        Ok(())
    }

    /// Writes the names in it and its own mode and time to the disk.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        SYNCED.set(SYNCED.get() + 1);
        Ok(rustix::fs::fsync(self.fd())?)
    }

    /// Sets mode and modification time of a file, if they differ; with `fsync` writes them to the disk.
    ///
    /// # Errors
    /// It is not a regular file, cannot be opened, or has another owner.
    pub(crate) fn set_file(
        &self,
        name: Name<'_>,
        mode: u16,
        mtime: i64,
        fsync: bool,
    ) -> io::Result<()> {
        let (file, meta) = self.open_file(name)?;
        if meta.mode != mode {
            rustix::fs::fchmod(&file, Mode::from_raw_mode(mode.into()))?;
        }
        if meta.mtime != mtime {
            temporary::set_mtime(&file, mtime)?;
        }
        if fsync {
            temporary::sync(&file)?;
        }
        Ok(())
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
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
