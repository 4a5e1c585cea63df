//! Metadata of entries: kind, mode, size, time and identity.

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
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Identity {
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
}
