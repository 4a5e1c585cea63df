use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use execnet_core_sync::link::FileWriter;

/// Capacity of a pipe as the system makes it, in bytes. A larger write is the sign of a link with large frames.
const USUAL: usize = 64 << 10;

/// Capacity for large frames, in bytes: reader and writer work at the same time, instead of taking turns every few pages.
///
/// Linux limits the pipes of one user together (`pipe-user-pages-soft`, by default 64 MiB). That is why this is not more,
/// and why pipes do not start with it.
#[cfg(target_os = "linux")]
const WIDE: usize = 512 << 10;

/// The writing end of a pipe, which grows when large frames go through it, and takes parts of files. Any other descriptor
/// is written to as it is.
///
/// It is closed when its last clone is dropped.
///
/// ```
/// use std::os::fd::OwnedFd;
/// use std::sync::Arc;
///
/// use execnet::link::{Link, NoControl, PipeOutput};
///
/// # fn example(child: std::process::Child) -> Option<Link> {
/// let writer = PipeOutput::new(OwnedFd::from(child.stdin?));
/// let mut link = Link::from_std(child.stdout?, writer.clone(), Arc::new(NoControl));
/// link.files = writer.files();
/// # Some(link)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PipeOutput {
    pipe: Arc<File>,
    usual: Arc<AtomicBool>,
}

impl PipeOutput {
    /// Writes to this descriptor.
    pub fn new(pipe: impl Into<OwnedFd>) -> Self {
        Self {
            pipe: Arc::new(pipe.into().into()),
            usual: Arc::new(true.into()),
        }
    }

    /// For [`Link::files`](super::Link::files). `None` if this is not a pipe, or the system is not Linux: if the peer of a
    /// socket is gone, `sendfile` raises SIGPIPE, which not every program ignores.
    #[must_use]
    pub fn files(&self) -> Option<Box<dyn FileWriter>> {
        self.takes_files()
            .then(|| Box::new(self.clone()) as Box<dyn FileWriter>)
    }

    /// Grows the pipe before the first large write.
    fn make_room(&self, bytes: usize) {
        if bytes > USUAL && self.usual.swap(false, Ordering::Relaxed) {
            self.widen();
        }
    }
}

#[cfg(target_os = "linux")]
impl PipeOutput {
    fn takes_files(&self) -> bool {
        let kind = |stat: rustix::fs::Stat| rustix::fs::FileType::from_raw_mode(stat.st_mode);
        rustix::fs::fstat(&*self.pipe).map(kind) == Ok(rustix::fs::FileType::Fifo)
    }

    fn widen(&self) {
        // Only for speed: if the system refuses, the pipe keeps its size.
        let _ = rustix::pipe::fcntl_setpipe_size(&*self.pipe, WIDE);
    }

    fn send(&self, file: &File, mut offset: u64, len: usize) -> io::Result<usize> {
        let pipe = &*self.pipe;
        Ok(rustix::fs::sendfile(pipe, file, Some(&mut offset), len)?)
    }
}

#[cfg(not(target_os = "linux"))]
impl PipeOutput {
    fn takes_files(&self) -> bool {
        false
    }

    fn widen(&self) {}

    fn send(&self, _file: &File, _offset: u64, _len: usize) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Write for PipeOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.make_room(bytes.len());
        (&*self.pipe).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FileWriter for PipeOutput {
    fn write_file(&mut self, file: &File, offset: u64, len: usize) -> io::Result<usize> {
        self.make_room(len);
        self.send(file, offset, len)
    }
}
