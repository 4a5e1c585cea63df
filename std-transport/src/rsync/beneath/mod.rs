//! All file work of a sync, through directories that are held open.
//!
//! Nothing here joins paths. A thing is named by an open directory and one [`Name`] in it, and no link is followed
//! on the way: whoever swaps a link in while a sync runs leads it nowhere. New content comes into being under a
//! name of its own, and takes the place of the old in one step.

mod folders;
mod meta;
mod name;
mod temporary;

#[cfg(test)]
mod tests;

use alloc::sync::Arc;
use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

pub(crate) use folders::{Folders, MAX_DEPTH, Pass, ROOT};
pub(crate) use meta::{Identity, Kind, Meta};
pub(crate) use name::{Name, NameError};
pub(crate) use temporary::Temporary;

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

#[cfg(test)]
std::thread_local! {
    /// How many directories this thread opened in others.
    pub(crate) static OPENED: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
    /// How many files and directories it had written to the disk.
    pub(crate) static SYNCED: core::cell::Cell<u64> = const { core::cell::Cell::new(0) };
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

impl Dir {
    /// Opens the directory at a path that the user gave, through links if there are any: it is theirs to say.
    ///
    /// # Errors
    /// It is not there, or not a directory.
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
    /// It is not there, or not a directory; a link to one is none.
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

    /// Makes a directory in this one.
    ///
    /// # Errors
    /// The name is taken, or the directory takes no new entry.
    pub(crate) fn make_dir(&self, name: Name<'_>) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(self.fd(), name.as_bytes(), Mode::RWXU)?)
    }

    /// What stands under the name, `None` if there is nothing.
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

    /// Which regular file has the name, `None` if none has.
    ///
    /// # Errors
    /// The directory cannot be searched.
    pub(crate) fn file_identity(&self, name: Name<'_>) -> io::Result<Option<Identity>> {
        Ok(self.file_names(name)?.map(|(identity, _)| identity))
    }

    /// The same, and how many names it has.
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

    /// What the directory itself is.
    ///
    /// # Errors
    /// The system does not tell.
    pub(crate) fn meta(&self) -> io::Result<Meta> {
        Ok(Meta::new(&rustix::fs::fstat(self.fd())?))
    }

    /// The names in it, in ascending order of their bytes, with what kind of thing the directory says they are.
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
        names.sort_unstable_by(|(a, _), (b, _)| Ord::cmp(a, b));
        Ok(names)
    }

    /// Opens a regular file for reading. Nothing else is opened: not a link, nor a pipe that would wait for its
    /// writer.
    ///
    /// # Errors
    /// It is not there, not a regular file, or not readable.
    pub(crate) fn open_file(&self, name: Name<'_>) -> io::Result<(File, Meta)> {
        self.open_flags(name, OFlags::NOFOLLOW)
    }

    /// Opens the regular file that the name stands for, through links.
    ///
    /// # Errors
    /// As [`open_file`](Self::open_file).
    pub(crate) fn open_followed(&self, name: Name<'_>) -> io::Result<(File, Meta)> {
        self.open_flags(name, OFlags::empty())
    }

    fn open_flags(&self, name: Name<'_>, more: OFlags) -> io::Result<(File, Meta)> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC | more;
        let fd = rustix::fs::openat(self.fd(), name.as_bytes(), flags, Mode::empty())?;
        let meta = Meta::new(&rustix::fs::fstat(&fd)?);
        match meta.kind {
            Kind::File => Ok((File::from(fd), meta)),
            _ => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            )),
        }
    }

    /// The text of a link.
    ///
    /// # Errors
    /// It is not there, or not a link.
    pub(crate) fn read_link(&self, name: Name<'_>) -> io::Result<Vec<u8>> {
        let target = rustix::fs::readlinkat(self.fd(), name.as_bytes(), Vec::new())?;
        Ok(target.into_bytes())
    }

    /// Makes a link of that text, in the place of what has the name now, unless that is a directory.
    ///
    /// # Errors
    /// The directory takes no new entry, or the name is a directory's.
    pub(crate) fn make_link(&self, name: Name<'_>, target: &[u8]) -> io::Result<()> {
        let (free, ()) =
            temporary::with_free_name(|free| rustix::fs::symlinkat(target, self.fd(), free))?;
        let renamed = rustix::fs::renameat(self.fd(), free.as_str(), self.fd(), name.as_bytes());
        if renamed.is_err() {
            // The error that is told is the one that matters.
            let _ = rustix::fs::unlinkat(self.fd(), free.as_str(), AtFlags::empty());
        }
        Ok(renamed?)
    }

    /// Gives a file one more name, in the place of what has that now, unless that is a directory. It has to be the file of
    /// this identity: nothing else gets a name, whatever took the place of the file meanwhile.
    ///
    /// # Errors
    /// The directory takes no new entry, the file none of its names, or the file is another.
    pub(crate) fn make_hard_link(
        &self,
        name: Name<'_>,
        from: &Self,
        old: Name<'_>,
        identity: Identity,
    ) -> io::Result<()> {
        let (free, ()) = temporary::with_free_name(|free| {
            rustix::fs::linkat(from.fd(), old.as_bytes(), self.fd(), free, AtFlags::empty())
        })?;
        let made = Name::new(free.as_bytes()).map_err(io::Error::other)?;
        let named = match self.file_identity(made) {
            Ok(Some(linked)) if linked == identity => {
                let fd = self.fd();
                rustix::fs::renameat(fd, free.as_str(), fd, name.as_bytes()).map_err(Into::into)
            }
            Ok(_) => Err(io::Error::other("the file that it is has another name now")),
            Err(error) => Err(error),
        };
        // It is still there after a failure, and where somebody has given the file this name meanwhile.
        let _ = rustix::fs::unlinkat(self.fd(), free.as_str(), AtFlags::empty());
        named
    }

    /// Removes what has the name, a directory with all that is in it. Links in there are removed, not followed.
    ///
    /// # Errors
    /// Something could not be removed. What was removed before is gone.
    pub(crate) fn remove(&self, name: Name<'_>) -> io::Result<()> {
        match rustix::fs::unlinkat(self.fd(), name.as_bytes(), AtFlags::empty()) {
            // What the systems say of a directory: Linux the one, others the other.
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

    /// Gives the directory itself its mode and time, where they are not so already.
    ///
    /// # Errors
    /// The system refuses; this is most often a directory of another owner.
    pub(crate) fn set(&self, mode: u16, mtime: i64) -> io::Result<()> {
        let now = self.meta()?;
        // That a directory passes its group on, or guards its entries, is the business of the place it is in.
        let mode = mode | (now.mode & 0o7000);
        if now.mode != mode {
            rustix::fs::fchmod(self.fd(), Mode::from_raw_mode(mode.into()))?;
        }
        if now.mtime != mtime {
            temporary::set_mtime(self.fd(), mtime)?;
        }
        Ok(())
    }

    /// Has the names in it written to the disk, and its own mode and time.
    ///
    /// # Errors
    /// The system cannot.
    pub(crate) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        SYNCED.set(SYNCED.get() + 1);
        Ok(rustix::fs::fsync(self.fd())?)
    }

    /// Gives a file in it a mode and, where it is not so already, a time; with `fsync` these are on the disk then.
    ///
    /// # Errors
    /// It is not a regular file any more, cannot be opened, or has another owner.
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

/// Empties a tree without a path, however deep it is: files on the way down, directories from the last found up.
fn remove_content(tree: Dir) -> io::Result<()> {
    let mut folders = Folders::new(Arc::new(tree));
    let mut due = vec![ROOT];
    while let Some(at) = due.pop() {
        let dir = folders.open(Pass::Listing, at)?;
        for (bytes, _) in dir.list()? {
            let name = Name::new(&bytes).map_err(io::Error::other)?;
            match rustix::fs::unlinkat(dir.fd(), name.as_bytes(), AtFlags::empty()) {
                Err(Errno::ISDIR | Errno::PERM) => {
                    let added = folders.add(at, name);
                    due.push(added.ok_or_else(|| io::Error::other("too deep to remove"))?);
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

/// Opens the directory that is to be filled, and makes it and its parents where they are missing; with `fsync` their names
/// are on the disk then. The path is the user's: links on it are followed.
///
/// # Errors
/// Something on the path is not a directory, or cannot be made.
pub(crate) fn make_root(path: &Path, fsync: bool) -> io::Result<Dir> {
    if fsync {
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
