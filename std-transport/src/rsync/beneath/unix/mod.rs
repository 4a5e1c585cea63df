//! Directories and files of Unix, by the system calls that take an open directory and a name in it.

mod files;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fd::{AsFd as _, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

pub(super) use files::set_file;
pub(crate) use files::{
    Siblings, bytes_of, data_range, file_identity, has_other_separators, host, identity_of,
    kept_mode, path_of, read_at, same_time,
};
use files::{identity, kind, meta, names, set_mtime};

use super::{Identity, Kind, Meta, Name, Unlinked};

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

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
        super::OPENED.set(super::OPENED.get() + 1);
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

    /// The metadata of an entry; `None` if it does not exist.
    ///
    /// # Errors
    /// The directory cannot be searched.
    pub(crate) fn meta_of(&self, name: Name<'_>) -> io::Result<Option<Meta>> {
        match rustix::fs::statat(self.fd(), name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(meta(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The identity of a regular file, and the number of its names; `None` if the entry is not one.
    ///
    /// # Errors
    /// The directory cannot be searched.
    pub(crate) fn file_names(&self, name: Name<'_>) -> io::Result<Option<(Identity, u64)>> {
        match rustix::fs::statat(self.fd(), name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if meta(&stat).kind == Kind::File => Ok(Some((identity(&stat), names(&stat)))),
            Ok(_) | Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The metadata of the directory itself.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn meta(&self) -> io::Result<Meta> {
        Ok(meta(&rustix::fs::fstat(self.fd())?))
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
                names.push((name.into(), kind(entry.file_type())));
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
        let meta = meta(&rustix::fs::fstat(&fd)?);
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
            set_mtime(self.fd(), mtime)?;
        }
        Ok(())
    }

    /// Writes the names in it and its own mode and time to the disk.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        super::SYNCED.set(super::SYNCED.get() + 1);
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
            set_mtime(&file, mtime)?;
        }
        if fsync {
            super::temporary::sync(&file)?;
        }
        Ok(())
    }

    /// The identity of the directory itself.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn identity(&self) -> io::Result<Identity> {
        Ok(identity(&rustix::fs::fstat(self.fd())?))
    }

    /// The text of a symbolic link.
    ///
    /// # Errors
    /// The entry does not exist, or is not a link.
    pub(crate) fn read_link(&self, name: Name<'_>) -> io::Result<Vec<u8>> {
        let target = rustix::fs::readlinkat(self.fd(), name.as_bytes(), Vec::new())?;
        Ok(target.into_bytes())
    }

    /// Creates a file that only its owner can read. An existing entry is not opened, neither a file nor a link.
    pub(super) fn create(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(self.fd(), name, flags, Mode::from_raw_mode(0o600))?;
        Ok(File::from(fd))
    }

    /// Creates a symbolic link with this text; fails if the name exists.
    pub(super) fn symlink(&self, name: &str, target: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(target, self.fd(), name)?)
    }

    /// Creates a hard link to the entry `old` of the directory `from`; fails if the name exists.
    pub(super) fn hard_link(&self, name: &str, from: &Self, old: Name<'_>) -> io::Result<()> {
        let (from, old, flags) = (from.fd(), old.as_bytes(), AtFlags::empty());
        Ok(rustix::fs::linkat(from, old, self.fd(), name, flags)?)
    }

    /// Renames an entry, which replaces any other but a directory.
    pub(super) fn rename(&self, old: &str, new: Name<'_>) -> io::Result<()> {
        let dir = self.fd();
        Ok(rustix::fs::renameat(dir, old, dir, new.as_bytes())?)
    }

    /// Removes an entry that is not a directory.
    pub(super) fn unlink(&self, name: Name<'_>) -> io::Result<Unlinked> {
        // Tried without looking first: what the entry is may change between a look and the call.
        match rustix::fs::unlinkat(self.fd(), name.as_bytes(), AtFlags::empty()) {
            Ok(()) => Ok(Unlinked::Removed),
            // Linux returns the first error for a directory, other systems the second.
            Err(error @ (Errno::ISDIR | Errno::PERM)) => Ok(Unlinked::Directory(error.into())),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a directory, unless it has entries. Returns whether it has none.
    pub(super) fn remove_dir(&self, name: Name<'_>) -> io::Result<bool> {
        match rustix::fs::unlinkat(self.fd(), name.as_bytes(), AtFlags::REMOVEDIR) {
            Ok(()) => Ok(true),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
