//! Files, paths and identities of Unix.

use alloc::borrow::Cow;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::fd::AsFd;
use rustix::fs::{FileType, Mode, SeekFrom, Stat, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;

use crate::rsync::beneath::{Identity, Kind, Meta, Name};

/// Names in a folder of a listing. Any two differ here, and all are allowed.
#[derive(Debug, Default)]
pub(crate) struct Siblings(());

impl Siblings {
    /// Adds a name; why the system does not take it.
    #[allow(clippy::unused_self, reason = "on other systems it has names")]
    pub(crate) const fn refusal(&mut self, _name: Name<'_>) -> Option<&'static str> {
        None
    }

    /// Whether a name was added that is the same here, though its bytes differ.
    #[allow(clippy::unused_self, reason = "on other systems it has names")]
    pub(crate) const fn has(&self, _name: &[u8]) -> bool {
        false
    }
}

/// The permission bits that a file here can have of these.
pub(crate) const fn kept_mode(mode: u16) -> u16 {
    mode
}

/// Whether a file here has this time.
pub(crate) const fn same_time(here: i64, listed: i64) -> bool {
    here == listed
}

/// Sets mode and time of a file.
pub(in crate::rsync::beneath) fn set_file(file: &File, mode: u16, mtime: i64) -> io::Result<()> {
    rustix::fs::fchmod(file, Mode::from_raw_mode(mode.into()))?;
    set_mtime(file, mtime)
}

/// Sets the modification time of an open file or directory.
pub(super) fn set_mtime(fd: impl AsFd, mtime: i64) -> io::Result<()> {
    let times = Timestamps {
        last_access: Timespec {
            tv_sec: 0,
            tv_nsec: UTIME_OMIT,
        },
        last_modification: Timespec {
            tv_sec: mtime.div_euclid(1_000_000_000),
            tv_nsec: mtime.rem_euclid(1_000_000_000),
        },
    };
    Ok(rustix::fs::futimens(fd, &times)?)
}

/// # Errors
/// The system call fails.
pub(crate) fn file_identity(file: &File) -> io::Result<Identity> {
    Ok(identity(&rustix::fs::fstat(file)?))
}

/// The identity of what the path leads to.
///
/// # Errors
/// It does not exist or cannot be examined.
pub(crate) fn identity_of(path: &Path) -> io::Result<Identity> {
    Ok(identity(&rustix::fs::stat(path)?))
}

/// Identifies the running system: on Linux by the boot id, which containers share with their host; on other systems by
/// the host's name.
pub(crate) fn host() -> Vec<u8> {
    match std::fs::read("/proc/sys/kernel/random/boot_id") {
        Ok(id) => id.trim_ascii().to_vec(),
        Err(_) => rustix::system::uname().nodename().to_bytes().to_vec(),
    }
}

/// Reads at an offset, whatever the position of the file.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// The range of the next data of a file of `size` bytes that is not a hole; empty, at the end of the file, if there is
/// none. A file system without holes reports none.
pub(crate) fn data_range(file: &File, offset: u64, size: u64) -> (u64, u64) {
    let start = match rustix::fs::seek(file, SeekFrom::Data(offset)) {
        Ok(start) => start.clamp(offset, size),
        // No more data. If the file is shorter now, its missing end is not a hole: reading it must fail.
        Err(Errno::NXIO) if file.metadata().is_ok_and(|now| now.len() >= size) => size,
        Err(_) => return (offset, size),
    };
    // Another process may change the holes between the two calls. Then the content sent is a mixture of old and
    // new, as for any file that is written during a sync, but the ranges must still be consistent.
    let end = rustix::fs::seek(file, SeekFrom::Hole(start)).map_or(size, |end| end.min(size));
    (start, if end > start { end } else { size })
}

/// Whether a text of the protocol has other separators than slashes, or means a drive.
pub(crate) const fn has_other_separators(_text: &[u8]) -> bool {
    false
}

/// A path as bytes of the protocol.
pub(crate) fn bytes_of(path: &Path) -> Cow<'_, [u8]> {
    Cow::Borrowed(path.as_os_str().as_bytes())
}

/// A path of bytes of the protocol.
pub(crate) fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::cast_lossless,
    reason = "the fields' types differ from one operating system to the next"
)]
pub(super) const fn identity(stat: &Stat) -> Identity {
    Identity {
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
    }
}

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_lossless,
    clippy::useless_conversion,
    reason = "the fields' types differ from one operating system to the next"
)]
pub(super) fn meta(stat: &Stat) -> Meta {
    let seconds = i128::from(stat.st_mtime);
    let mtime = seconds * 1_000_000_000 + stat.st_mtime_nsec as i128;
    let mtime = mtime.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    Meta {
        kind: kind(FileType::from_raw_mode(stat.st_mode)),
        mode: (stat.st_mode & 0o7777) as u16,
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mtime,
    }
}

/// Number of names of a file.
#[allow(
    clippy::unnecessary_cast,
    clippy::cast_lossless,
    reason = "the field's type differs from one operating system to the next"
)]
pub(super) const fn names(stat: &Stat) -> u64 {
    stat.st_nlink as u64
}

pub(super) const fn kind(file_type: FileType) -> Kind {
    match file_type {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Link,
        _ => Kind::Special,
    }
}
