//! Files, names, paths and identities of Windows.

use alloc::borrow::Cow;
use core::time::Duration;
use std::collections::HashSet;
use std::fs::{File, FileTimes};
use std::io;
use std::os::windows::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cap_fs_ext::MetadataExt as _;
use cap_std::fs::{FileType, Metadata};

use super::Dir;
use crate::rsync::beneath::windows_names::{folded, refusal};
use crate::rsync::beneath::{Identity, Kind, Meta, Name};

/// Names in a folder of a listing.
#[derive(Debug, Default)]
pub(crate) struct Siblings(HashSet<String>);

impl Siblings {
    /// Adds a name; why the system does not take it.
    pub(crate) fn refusal(&mut self, name: Name<'_>) -> Option<&'static str> {
        let text = match checked(name) {
            Ok(text) => text,
            Err(_) => return refusal(name.as_bytes()),
        };
        let is_new = self.0.insert(folded(text));
        (!is_new).then_some("Windows takes it for the name of another entry")
    }

    /// Whether a name was added that is the same here, though its bytes differ.
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        core::str::from_utf8(name).is_ok_and(|name| self.0.contains(&folded(name)))
    }
}

pub(super) fn checked(name: Name<'_>) -> io::Result<&str> {
    let bytes = name.as_bytes();
    match (refusal(bytes), core::str::from_utf8(bytes)) {
        (None, Ok(text)) => Ok(text),
        (reason, _) => Err(io::Error::new(
            io::ErrorKind::InvalidFilename,
            reason.unwrap_or_default(),
        )),
    }
}

pub(super) fn regular(file: cap_std::fs::File) -> io::Result<(File, Meta)> {
    let meta = meta(&file.metadata()?);
    match meta.kind {
        Kind::File => Ok((file.into_std(), meta)),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        )),
    }
}

/// The permission bits that a file here can have of these: whether it can be written.
pub(crate) const fn kept_mode(mode: u16) -> u16 {
    if mode & 0o200 == 0 { 0o444 } else { 0o644 }
}

/// Whether a file here has this time: Windows counts in steps of 100 nanoseconds.
pub(crate) const fn same_time(here: i64, listed: i64) -> bool {
    here.div_euclid(100) == listed.div_euclid(100)
}

/// Sets the read-only attribute and the time of a file.
pub(in crate::rsync::beneath) fn set_file(file: &File, mode: u16, mtime: i64) -> io::Result<()> {
    file.set_times(FileTimes::new().set_modified(time_of(mtime)?))?;
    set_read_only(file, mode & 0o200 == 0)
}

pub(super) fn set_read_only(file: &File, read_only: bool) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    if permissions.readonly() == read_only {
        return Ok(());
    }
    permissions.set_readonly(read_only);
    file.set_permissions(permissions)
}

/// # Errors
/// The system call fails.
pub(crate) fn file_identity(file: &File) -> io::Result<Identity> {
    Ok(identity(&Metadata::from_file(file)?))
}

/// The identity of the directory that the path leads to.
///
/// # Errors
/// It does not exist or cannot be examined.
pub(crate) fn identity_of(path: &Path) -> io::Result<Identity> {
    Dir::at(path)?.identity()
}

/// Identifies the running system, by its name.
pub(crate) fn host() -> Vec<u8> {
    let name = std::env::var_os("COMPUTERNAME").unwrap_or_default();
    name.into_encoded_bytes()
}

/// Reads at an offset, and moves the position of the file.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buffer, offset)
}

/// The range of the next data of a file of `size` bytes: holes are not looked for.
pub(crate) const fn data_range(_file: &File, offset: u64, size: u64) -> (u64, u64) {
    (offset, size)
}

/// Whether a text of the protocol has other separators than slashes, or means a drive.
pub(crate) fn has_other_separators(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b'\\' | b':'))
}

/// A path as bytes of the protocol, with slashes.
pub(crate) fn bytes_of(path: &Path) -> Cow<'_, [u8]> {
    let bytes = path.as_os_str().as_encoded_bytes();
    // A path that begins so is taken as it is, and slashes are no separators in it.
    if !bytes.contains(&b'\\') || bytes.starts_with(br"\\?\") {
        return Cow::Borrowed(bytes);
    }
    let slash = |&byte: &u8| if byte == b'\\' { b'/' } else { byte };
    Cow::Owned(bytes.iter().map(slash).collect())
}

/// A path of bytes of the protocol. What is not Unicode in it is replaced: no file has such a name.
pub(crate) fn path_of(bytes: Vec<u8>) -> PathBuf {
    let text = String::from_utf8(bytes);
    PathBuf::from(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into()))
}

pub(super) fn identity(metadata: &Metadata) -> Identity {
    Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
    }
}

pub(super) fn meta(metadata: &Metadata) -> Meta {
    let kind = kind(metadata.file_type());
    let mtime = metadata.modified().map(cap_std::time::SystemTime::into_std);
    Meta {
        kind,
        mode: match kind {
            Kind::Directory => 0o755,
            _ if metadata.permissions().readonly() => 0o444,
            _ => 0o644,
        },
        size: if kind == Kind::File {
            metadata.len()
        } else {
            0
        },
        mtime: mtime.map_or(0, nanoseconds),
    }
}

pub(super) fn kind(file_type: FileType) -> Kind {
    if file_type.is_symlink() {
        Kind::Link
    } else if file_type.is_dir() {
        Kind::Directory
    } else if file_type.is_file() {
        Kind::File
    } else {
        Kind::Special
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    let whole = |duration: Duration| i64::try_from(duration.as_nanos());
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => whole(after).unwrap_or(i64::MAX),
        Err(before) => whole(before.duration()).map_or(i64::MIN, |before| -before),
    }
}

/// # Errors
/// Windows has no such time.
pub(super) fn time_of(nanoseconds: i64) -> io::Result<SystemTime> {
    let whole = Duration::from_nanos(nanoseconds.unsigned_abs());
    let time = match nanoseconds {
        0.. => SystemTime::UNIX_EPOCH.checked_add(whole),
        _ => SystemTime::UNIX_EPOCH.checked_sub(whole),
    };
    time.ok_or_else(|| io::Error::other("a time that Windows does not have"))
}
