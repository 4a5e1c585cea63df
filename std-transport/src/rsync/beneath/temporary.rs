//! Files that are not complete yet.

use alloc::sync::Arc;
use core::hash::{BuildHasher, Hasher};
use core::sync::atomic::{AtomicU64, Ordering};
use std::fs::File;
use std::hash::RandomState;
use std::io;
use std::sync::OnceLock;

use super::{Dir, Identity, Name, system};

/// The prefix of names of unfinished files. A sync that is killed can leave one behind.
const PREFIX: &str = ".execnet-rsync.";

/// An unfinished file, in the directory of the file that it will [`replace`](Self::replace). Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Temporary {
    dir: Arc<Dir>,
    name: String,
    file: File,
    /// Whether it still has its temporary name.
    named: bool,
}

impl Temporary {
    /// Creates an empty file that only its owner can read.
    ///
    /// # Errors
    /// The directory is not writable.
    pub(crate) fn new(dir: Arc<Dir>) -> io::Result<Self> {
        let (name, file) = with_free_name(|name| dir.create(name))?;
        Ok(Self {
            dir,
            name,
            file,
            named: true,
        })
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// # Errors
    /// The system call fails.
    pub(crate) fn identity(&self) -> io::Result<Identity> {
        system::file_identity(&self.file)
    }

    /// Sets mode and time of the file, and renames it, which replaces any entry but a directory. With `fsync` the file
    /// is written to the disk before it is renamed.
    ///
    /// # Errors
    /// One of these failed; the file is removed.
    pub(crate) fn replace(
        mut self,
        name: Name<'_>,
        mode: u16,
        mtime: i64,
        fsync: bool,
    ) -> io::Result<()> {
        // After the last write, which would change the time and may clear setuid and setgid, and before the rename: a
        // process that opens the file by its name finds it complete.
        system::set_file(&self.file, mode, mtime)?;
        if fsync {
            sync(&self.file)?;
        }
        self.dir.rename(&self.name, name)?;
        // The name is that of the finished file now: the drop must not remove it.
        self.named = false;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.named {
            // An error cannot be reported. The prefix of the name shows what the file is.
            let _ = self.dir.remove_temporary(&self.name);
        }
    }
}

impl Dir {
    /// Removes an entry by a name of [`with_free_name`].
    pub(super) fn remove_temporary(&self, name: &str) -> io::Result<()> {
        let name = Name::new(name.as_bytes()).map_err(io::Error::other)?;
        self.unlink(name).map(drop)
    }
}

/// Writes a file to the disk, with its mode and time.
pub(super) fn sync(file: &File) -> io::Result<()> {
    #[cfg(test)]
    super::SYNCED.set(super::SYNCED.get() + 1);
    file.sync_all()
}

/// Creates something under a free name.
pub(super) fn with_free_name<T>(
    mut make: impl FnMut(&str) -> io::Result<T>,
) -> io::Result<(String, T)> {
    // A process that guesses a name only makes us try the next one: existing entries are never opened. The limit is for
    // a directory that has every name.
    for _ in 0..64 {
        let name = free_name();
        match make(&name) {
            Ok(made) => return Ok((name, made)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn free_name() -> String {
    static SEED: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // Differs between processes without a call of the random number generator for each name.
    let seed = SEED.get_or_init(|| RandomState::new().build_hasher().finish());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(
        "{PREFIX}{:016x}",
        seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    )
}
