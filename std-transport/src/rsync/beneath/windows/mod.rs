//! Directories and files of Windows, by `cap-std`.
//!
//! Directories and files are opened relative to an open directory, and links are not followed. The other calls, such as
//! a rename, take the path of the open directory from the system: Windows renames and removes no directory that is open
//! as it is here, nor one above it, so that the path leads to that directory.

mod files;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_fs_ext::{
    DirExt as _, FollowSymlinks, MetadataExt as _, OpenOptionsFollowExt as _, SystemTimeSpec,
};
use cap_std::ambient_authority;
use cap_std::fs::{Metadata, OpenOptions, OpenOptionsExt as _};

pub(super) use files::set_file;
pub(crate) use files::{
    Siblings, bytes_of, data_range, file_identity, has_other_separators, host, identity_of,
    kept_mode, path_of, read_at, same_time,
};
use files::{checked, identity, kind, meta, regular, set_read_only, time_of};

use super::{Identity, Kind, Meta, Name, Unlinked};

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir(cap_std::fs::Dir);

/// The access to a file that setting its attributes and times needs: `FILE_READ_ATTRIBUTES`, `FILE_WRITE_ATTRIBUTES` and
/// `SYNCHRONIZE`.
const ATTRIBUTES: u32 = 0x0080 | 0x0100 | 0x0010_0000;

impl Dir {
    /// Opens a directory by its path. Links are followed, as the path comes from the user.
    ///
    /// # Errors
    /// It does not exist, or is not a directory.
    pub(crate) fn at(path: &Path) -> io::Result<Self> {
        cap_std::fs::Dir::open_ambient_dir(path, ambient_authority()).map(Self)
    }

    /// Opens a directory in this one.
    ///
    /// # Errors
    /// It does not exist, or is not a directory; a link to a directory is not one.
    pub(crate) fn open_dir(&self, name: Name<'_>) -> io::Result<Self> {
        #[cfg(test)]
        super::OPENED.set(super::OPENED.get() + 1);
        self.0.open_dir_nofollow(checked(name)?).map(Self)
    }

    /// Creates a directory in this one.
    ///
    /// # Errors
    /// The entry exists, or this directory is not writable.
    pub(crate) fn make_dir(&self, name: Name<'_>) -> io::Result<()> {
        self.0.create_dir(checked(name)?)
    }

    /// The metadata of an entry; `None` if it does not exist.
    ///
    /// # Errors
    /// The directory cannot be searched, or nothing can have this name.
    pub(crate) fn meta_of(&self, name: Name<'_>) -> io::Result<Option<Meta>> {
        Ok(self.look(name)?.as_ref().map(meta))
    }

    /// The identity of a regular file, and the number of its names; `None` if the entry is not one.
    ///
    /// # Errors
    /// The directory cannot be searched.
    pub(crate) fn file_names(&self, name: Name<'_>) -> io::Result<Option<(Identity, u64)>> {
        let found = self.look(name)?.filter(Metadata::is_file);
        Ok(found.map(|found| (identity(&found), found.nlink())))
    }

    /// The metadata of the directory itself.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn meta(&self) -> io::Result<Meta> {
        Ok(meta(&self.0.dir_metadata()?))
    }

    /// The names in it, in ascending order of their bytes, with the kinds that the directory itself records.
    ///
    /// # Errors
    /// It cannot be read to its end.
    pub(crate) fn list(&self) -> io::Result<Vec<(Box<[u8]>, Kind)>> {
        let mut names = Vec::new();
        for entry in self.0.entries()? {
            let entry = entry?;
            let name = entry.file_name().into_encoded_bytes();
            names.push((name.into(), kind(entry.file_type()?)));
        }
        // The order of the protocol: both sides merge their lists by it, and a repeated name shows.
        names.sort_unstable_by(|(a, _), (b, _): &(Box<[u8]>, Kind)| Ord::cmp(a, b));
        Ok(names)
    }

    /// Opens a regular file for reading, and nothing else.
    ///
    /// # Errors
    /// It does not exist, is not a regular file, or is not readable.
    pub(crate) fn open_file(&self, name: Name<'_>) -> io::Result<(File, Meta)> {
        let mut options = OpenOptions::new();
        options.read(true).follow(FollowSymlinks::No);
        regular(self.0.open_with(checked(name)?, &options)?)
    }

    /// Opens a regular file for reading; links are followed.
    ///
    /// # Errors
    /// As [`open_file`](Self::open_file), or it is a link to a link that leads out of its directory.
    pub(crate) fn open_followed(&self, name: Name<'_>) -> io::Result<(File, Meta)> {
        if self
            .meta_of(name)?
            .is_some_and(|here| here.kind != Kind::Link)
        {
            return self.open_file(name);
        }
        let target = self.0.read_link_contents(checked(name)?)?;
        let (dir, rest) = self.climb(&target)?;
        regular(dir.0.open(rest)?)
    }

    /// Sets the modification time of the directory itself, if it differs.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn set(&self, _mode: u16, mtime: i64) -> io::Result<()> {
        if same_time(self.meta()?.mtime, mtime) {
            return Ok(());
        }
        let time = cap_std::time::SystemTime::from_std(time_of(mtime)?);
        self.0.set_mtime(".", SystemTimeSpec::Absolute(time))
    }

    /// Does nothing: Windows writes directories to the disk by itself.
    #[allow(clippy::unnecessary_wraps, reason = "on other systems it can fail")]
    pub(crate) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        super::SYNCED.set(super::SYNCED.get() + 1);
        Ok(())
    }

    /// Sets the read-only attribute and the modification time of a file, if they differ.
    ///
    /// # Errors
    /// It is not a regular file, or cannot be opened.
    pub(crate) fn set_file(
        &self,
        name: Name<'_>,
        mode: u16,
        mtime: i64,
        _fsync: bool,
    ) -> io::Result<()> {
        let (file, here) = self.open_attributes(name)?;
        if here.mode != kept_mode(mode) || !same_time(here.mtime, mtime) {
            set_file(&file, mode, mtime)?;
        }
        Ok(())
    }

    /// The identity of the directory itself.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn identity(&self) -> io::Result<Identity> {
        Ok(identity(&self.0.dir_metadata()?))
    }

    /// The text of a symbolic link, with slashes.
    ///
    /// # Errors
    /// The entry does not exist, or is not a link.
    pub(crate) fn read_link(&self, name: Name<'_>) -> io::Result<Vec<u8>> {
        let target = self.0.read_link_contents(checked(name)?)?;
        Ok(bytes_of(&target).into_owned())
    }

    /// Creates a file. An existing entry is not opened, neither a file nor a link.
    pub(super) fn create(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let file = self.0.open_with(name, &options)?;
        Ok(file.into_std())
    }

    /// Creates a symbolic link with this text; fails if the name exists. Windows must know whether it leads to a
    /// directory.
    pub(super) fn symlink(&self, name: &str, target: &[u8]) -> io::Result<()> {
        let target = core::str::from_utf8(target).map_err(io::Error::other)?;
        let target = PathBuf::from(target.replace('/', "\\"));
        let is_dir = self
            .climb(&target)
            .is_ok_and(|(dir, rest)| rest.as_os_str().is_empty() || dir.0.is_dir(rest));
        if is_dir {
            self.0.symlink_dir(target, name)
        } else {
            self.0.symlink_file(target, name)
        }
    }

    /// Creates a hard link to the entry `old` of the directory `from`; fails if the name exists.
    pub(super) fn hard_link(&self, name: &str, from: &Self, old: Name<'_>) -> io::Result<()> {
        from.0.hard_link(checked(old)?, &self.0, name)
    }

    /// Renames an entry, which replaces any other but a directory.
    pub(super) fn rename(&self, old: &str, new: Name<'_>) -> io::Result<()> {
        let text = checked(new)?;
        let rename = || self.0.rename(old, &self.0, text);
        self.without_read_only(new, rename)
    }

    /// Removes an entry that is not a directory.
    pub(super) fn unlink(&self, name: Name<'_>) -> io::Result<Unlinked> {
        let text = checked(name)?;
        if self
            .meta_of(name)?
            .is_some_and(|here| here.kind == Kind::Directory)
        {
            return Ok(Unlinked::Directory(io::ErrorKind::IsADirectory.into()));
        }
        self.without_read_only(name, || self.0.remove_file_or_symlink(text))?;
        Ok(Unlinked::Removed)
    }

    /// Removes a directory, unless it has entries. Returns whether it has none.
    pub(super) fn remove_dir(&self, name: Name<'_>) -> io::Result<bool> {
        match self.0.remove_dir(checked(name)?) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Calls a function that replaces or removes a file, and again without the file's read-only attribute if Windows
    /// refuses that.
    fn without_read_only(
        &self,
        name: Name<'_>,
        call: impl Fn() -> io::Result<()>,
    ) -> io::Result<()> {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                // The first error says what the matter is.
                let Ok((file, here)) = self.open_attributes(name) else {
                    return Err(error);
                };
                if here.mode & 0o200 != 0 {
                    return Err(error);
                }
                set_read_only(&file, false)?;
                call()
            }
            other => other,
        }
    }

    fn open_attributes(&self, name: Name<'_>) -> io::Result<(File, Meta)> {
        let mut options = OpenOptions::new();
        options.access_mode(ATTRIBUTES).follow(FollowSymlinks::No);
        regular(self.0.open_with(checked(name)?, &options)?)
    }

    fn look(&self, name: Name<'_>) -> io::Result<Option<Metadata>> {
        match self.0.symlink_metadata(checked(name)?) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where the text of a link in this directory begins without its leading `..`, and the rest of it.
    fn climb(&self, target: &Path) -> io::Result<(Self, PathBuf)> {
        let mut dir = Self(self.0.try_clone()?);
        let mut rest = target.components();
        loop {
            let before = rest.clone();
            match rest.next() {
                Some(Component::CurDir) => {}
                Some(Component::ParentDir) => {
                    dir = Self(dir.0.open_parent_dir(ambient_authority())?);
                }
                Some(Component::Prefix(_) | Component::RootDir) => {
                    let above = super::parent(target);
                    let name = target.file_name().unwrap_or_default();
                    return Ok((Self::at(above)?, name.into()));
                }
                _ => return Ok((dir, before.as_path().into())),
            }
        }
    }
}
