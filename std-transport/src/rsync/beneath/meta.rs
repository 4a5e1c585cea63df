//! Metadata of entries: kind, mode, size, time and identity.

use rustix::fs::{FileType, RawMode, Stat};

/// The kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Link,
    /// Pipes, sockets, devices: never transferred.
    Special,
}

/// The metadata that a sync compares and sets; of a link itself, and not of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) kind: Kind,
    /// Permission bits, with setuid, setgid and sticky.
    pub(crate) mode: u16,
    /// In bytes.
    pub(crate) size: u64,
    /// In nanoseconds since 1970, clamped to the range.
    pub(crate) mtime: i64,
}

/// Identifies a file or directory on one running system, independently of its names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_sign_loss,
        clippy::cast_lossless,
        reason = "the fields' types differ from one operating system to the next"
    )]
    pub(crate) const fn new(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
        }
    }

    /// Device and inode, 8 bytes each.
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let both = (u128::from(self.device) << 64) | u128::from(self.inode);
        both.to_be_bytes()
    }
}

impl Meta {
    pub(crate) const fn of_file(mode: u16, size: u64, mtime: i64) -> Self {
        Self {
            kind: Kind::File,
            mode,
            size,
            mtime,
        }
    }

    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_lossless,
        clippy::useless_conversion,
        reason = "the fields' types differ from one operating system to the next"
    )]
    pub(crate) fn new(stat: &Stat) -> Self {
        let seconds = i128::from(stat.st_mtime);
        let mtime = seconds * 1_000_000_000 + stat.st_mtime_nsec as i128;
        let mtime = mtime.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Self {
            kind: Kind::of(stat.st_mode),
            mode: (stat.st_mode & 0o7777) as u16,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime,
        }
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

impl Kind {
    fn of(mode: RawMode) -> Self {
        FileType::from_raw_mode(mode).into()
    }
}

impl From<FileType> for Kind {
    fn from(file_type: FileType) -> Self {
        match file_type {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Link,
            _ => Self::Special,
        }
    }
}
