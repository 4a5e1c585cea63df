//! Files that are not complete yet.

use alloc::sync::Arc;
use core::hash::{BuildHasher, Hasher};
use core::sync::atomic::{AtomicU64, Ordering};
use std::fs::File;
use std::hash::RandomState;
use std::io;
use std::sync::OnceLock;

use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;

use super::{Dir, Identity, Name};

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
        let (name, file) = with_free_name(|name| create(&dir, name))?;
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
        Ok(Identity::new(&rustix::fs::fstat(&self.file)?))
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
        rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode.into()))?;
        set_mtime(&self.file, mtime)?;
        if fsync {
            sync(&self.file)?;
        }
        let dir = self.dir.fd();
        rustix::fs::renameat(dir, self.name.as_str(), dir, name.as_bytes())?;
        // The name is that of the finished file now: the drop must not remove it.
        self.named = false;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.named {
            // An error cannot be reported. The prefix of the name shows what the file is.
            let _ = rustix::fs::unlinkat(self.dir.fd(), self.name.as_str(), AtFlags::empty());
        }
    }
}

/// Creates a file that only its owner can read. An existing entry is not opened, neither a file nor a link.
pub(super) fn create(dir: &Dir, name: &str) -> Result<File, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(dir.fd(), name, flags, Mode::from_raw_mode(0o600))?;
    Ok(File::from(fd))
}

/// Writes a file to the disk, with its mode and time.
pub(super) fn sync(file: &File) -> io::Result<()> {
    #[cfg(test)]
    super::SYNCED.set(super::SYNCED.get() + 1);
    file.sync_all()
}

/// Sets the modification time of an open file or directory.
pub(super) fn set_mtime(fd: impl rustix::fd::AsFd, mtime: i64) -> io::Result<()> {
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

/// Creates something under a free name.
pub(super) fn with_free_name<T>(
    mut make: impl FnMut(&str) -> Result<T, Errno>,
) -> io::Result<(String, T)> {
    // A process that guesses a name only makes us try the next one: existing entries are never opened. The limit is for
    // a directory that returns EXIST for every name.
    for _ in 0..64 {
        let name = free_name();
        match make(&name) {
            Ok(made) => return Ok((name, made)),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Errno::EXIST.into())
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
