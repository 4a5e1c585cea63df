//! The location of a source, so that a target on the same machine neither deletes it nor copies itself.

use std::io;
use std::path::{Path, PathBuf};

use super::beneath::{Dir, bytes_of, host, identity_of};

/// The location of a source directory on its host.
///
/// A destination in the source would be copied into itself. A target that deletes entries which the source does not
/// have would delete the source itself, if that were inside the destination. Paths cannot show either: links, mounts
/// and containers give one directory many paths. Device and inode can, on one running system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Identifies the running system.
    pub(crate) host: Vec<u8>,
    /// Device and inode of the source.
    pub(crate) root: Vec<u8>,
    /// Whether a filter may exclude something.
    pub(crate) filtered: bool,
    /// The same of each directory above the source, for a target that deletes.
    pub(crate) above: Vec<u8>,
}

/// Number of bytes of device and inode.
const IDENTITY: usize = 16;

impl Origin {
    /// The location of a directory.
    ///
    /// # Errors
    /// The path does not exist, or a directory above it cannot be examined.
    pub(crate) fn of(path: &Path, deletes: bool) -> io::Result<Self> {
        let mut above = Vec::new();
        if deletes {
            for directory in path.canonicalize()?.ancestors().skip(1) {
                above.extend(identity_of(directory)?.to_bytes());
            }
        }
        Ok(Self {
            host: host(),
            root: identity_of(path)?.to_bytes().to_vec(),
            filtered: false,
            above,
        })
    }

    /// Whether the directory contains the source, at any depth.
    ///
    /// # Errors
    /// The system call fails.
    pub(crate) fn is_inside(&self, directory: &Dir) -> io::Result<bool> {
        let here = directory.identity()?.to_bytes();
        let (above, _) = self.above.as_chunks::<IDENTITY>();
        Ok(above.contains(&here) && self.host == host())
    }

    /// The path of a destination from the source, if it is in the source and a filter may exclude it.
    ///
    /// # Errors
    /// It is in the source and cannot be excluded, or is the source itself.
    pub(crate) fn admit(&self, destination: &Path) -> io::Result<Option<Vec<u8>>> {
        match self.path_to(destination)? {
            None => Ok(None),
            Some(path) if path.as_os_str().is_empty() => {
                Err(io::Error::other("it is the source itself"))
            }
            Some(path) if self.filtered => Ok(Some(bytes_of(&path).into_owned())),
            Some(_) => Err(io::Error::other(
                "it is in the source and would be copied into itself; exclude it",
            )),
        }
    }

    fn path_to(&self, destination: &Path) -> io::Result<Option<PathBuf>> {
        let real = resolved(destination)?;
        let is_root = |path: &&Path| {
            // One that does not exist yet is no source.
            identity_of(path).is_ok_and(|here| *self.root == here.to_bytes())
        };
        let root = real.ancestors().find(is_root);
        let root = root.filter(|_| self.host == host());
        let within = root.and_then(|root| real.strip_prefix(root).ok());
        Ok(within.map(Path::to_path_buf))
    }
}

/// The absolute path without links of a directory that may not exist yet.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    for existing in absolute.ancestors() {
        if let (Ok(real), Ok(rest)) = (existing.canonicalize(), absolute.strip_prefix(existing)) {
            return Ok(real.join(rest));
        }
    }
    Ok(absolute)
}
