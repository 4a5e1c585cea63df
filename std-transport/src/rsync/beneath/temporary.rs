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

/// What the names of unfinished files begin with. A sync that is killed can leave one behind.
const PREFIX: &str = ".execnet-rsync.";

/// A file that nobody else knows of yet, in the directory it is for. Dropped, it is gone; the file that it is to
/// replace is as it was until [`replace`](Self::replace).
#[derive(Debug)]
pub(crate) struct Temporary {
    dir: Arc<Dir>,
    name: String,
    file: File,
    /// Whether the name still stands for the file.
    named: bool,
}

impl Temporary {
    /// Makes an empty file that only its owner can read.
    ///
    /// # Errors
    /// The directory does not take a new file.
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

    /// Which file it is.
    ///
    /// # Errors
    /// The system does not tell.
    pub(crate) fn identity(&self) -> io::Result<Identity> {
        Ok(Identity::new(&rustix::fs::fstat(&self.file)?))
    }

    /// Gives the file its mode and time, then its name, in the place of what has it now; with `fsync` the file is on the
    /// disk before it has the name. A directory in that place has to be removed first.
    ///
    /// # Errors
    /// One of them could not be given; the file is removed.
    pub(crate) fn replace(
        mut self,
        name: Name<'_>,
        mode: u16,
        mtime: i64,
        fsync: bool,
    ) -> io::Result<()> {
        rustix::fs::fchmod(&self.file, Mode::from_raw_mode(mode.into()))?;
        set_mtime(&self.file, mtime)?;
        if fsync {
            sync(&self.file)?;
        }
        let dir = self.dir.fd();
        rustix::fs::renameat(dir, self.name.as_str(), dir, name.as_bytes())?;
        self.named = false;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.named {
            // There is nobody to tell; what is left is named so that it can be known for what it is.
            let _ = rustix::fs::unlinkat(self.dir.fd(), self.name.as_str(), AtFlags::empty());
        }
    }
}

/// A new file, that only its owner can read. What has the name already is not opened, be it a link or a file.
pub(super) fn create(dir: &Dir, name: &str) -> Result<File, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(dir.fd(), name, flags, Mode::from_raw_mode(0o600))?;
    Ok(File::from(fd))
}

/// Has a file written to the disk, with its mode and time.
pub(super) fn sync(file: &File) -> io::Result<()> {
    #[cfg(test)]
    super::SYNCED.set(super::SYNCED.get() + 1);
    file.sync_all()
}

/// Sets the time of the last change on an open file or directory.
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

/// Makes something under a name that was free.
pub(super) fn with_free_name<T>(
    mut make: impl FnMut(&str) -> Result<T, Errno>,
) -> io::Result<(String, T)> {
    // Who guesses a name only makes us take the next one: what is there is never opened. The bound turns a
    // directory that answers EXIST for ever into an error.
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
    // Different in each process without asking the system for randomness each time.
    let seed = SEED.get_or_init(|| RandomState::new().build_hasher().finish());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(
        "{PREFIX}{:016x}",
        seed.wrapping_add(count.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    )
}
