//! Where a source is, so that a target on the same machine does not delete it.

use std::io;
use std::path::Path;

use rustix::fs::Stat;

use super::beneath::{Dir, Identity};

/// The host of a source, and the directories that the source is in.
///
/// A target that deletes what the source does not have would delete the source itself, were that inside the
/// destination. Paths do not tell: links, mounts and containers give one directory many of them. Device and inode do,
/// on one running system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// What no other running system has.
    pub(crate) host: Vec<u8>,
    /// Device and inode of each directory above the source, 8 bytes each.
    pub(crate) above: Vec<u8>,
}

/// Device and inode.
const IDENTITY: usize = 16;

impl Origin {
    /// That of the tree or file at a path, if a target deletes: no other needs it.
    ///
    /// # Errors
    /// There is nothing, or a directory above it cannot be looked at.
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

    /// Whether the source is somewhere in the directory.
    ///
    /// # Errors
    /// The system does not tell what the directory is.
    pub(crate) fn is_inside(&self, directory: &Dir) -> io::Result<bool> {
        let here = identity(&rustix::fs::fstat(directory.fd())?);
        let (above, _) = self.above.as_chunks::<IDENTITY>();
        Ok(self.host == host() && above.contains(&here))
    }
}

fn identity(stat: &Stat) -> [u8; IDENTITY] {
    Identity::new(stat).to_bytes()
}

/// On Linux what identifies the running system, whatever its containers are called; elsewhere the host's name.
fn host() -> Vec<u8> {
    match std::fs::read("/proc/sys/kernel/random/boot_id") {
        Ok(id) => id.trim_ascii().to_vec(),
        Err(_) => rustix::system::uname().nodename().to_bytes().to_vec(),
    }
}
