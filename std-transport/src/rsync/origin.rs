//! The location of a source, so that a target on the same machine does not delete it.

use std::io;
use std::path::Path;

use rustix::fs::Stat;

use super::beneath::{Dir, Identity};

/// The host of a source, and the directories that contain the source.
///
/// A target that deletes entries which the source does not have would delete the source itself, if that were inside the
/// destination. Paths cannot show this: links, mounts and containers give one directory many paths. Device and inode
/// can, on one running system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Identifies the running system.
    pub(crate) host: Vec<u8>,
    /// Device and inode of each directory above the source, 8 bytes each.
    pub(crate) above: Vec<u8>,
}

/// Number of bytes of device and inode.
const IDENTITY: usize = 16;

impl Origin {
    /// The location of a tree or file; `None` unless a target deletes, as no other needs it.
    ///
    /// # Errors
    /// The path does not exist, or a directory above it cannot be examined.
    pub(crate) fn for_deleting(path: &Path, deletes: bool) -> io::Result<Option<Self>> {
        deletes.then(|| Self::of(path)).transpose()
    }

    fn of(path: &Path) -> io::Result<Self> {
        let mut above = Vec::new();
        for directory in path.canonicalize()?.ancestors().skip(1) {
            above.extend(identity(&rustix::fs::stat(directory)?));
        }
        let host = host();
        Ok(Self { host, above })
    }

    /// Whether the directory contains the source, at any depth.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn is_inside(&self, directory: &Dir) -> io::Result<bool> {
        let here = identity(&rustix::fs::fstat(directory.fd())?);
        let (above, _) = self.above.as_chunks::<IDENTITY>();
        Ok(self.host == host() && above.contains(&here))
    }
}

fn identity(stat: &Stat) -> [u8; IDENTITY] {
    Identity::new(stat).to_bytes()
}

/// On Linux the boot id, which containers share with their host; on other systems the host's name.
fn host() -> Vec<u8> {
    match std::fs::read("/proc/sys/kernel/random/boot_id") {
        Ok(id) => id.trim_ascii().to_vec(),
        Err(_) => rustix::system::uname().nodename().to_bytes().to_vec(),
    }
}
