use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use super::FileWriter;

/// So many bytes fit into a pipe as the system makes it. A write of more shows that much goes through.
const USUAL: usize = 64 << 10;

/// What fits in then: both processes work, instead of one waiting for the other at each few pages.
///
/// A user has as many bytes in pipes as `pipe-user-pages-soft` of Linux says, 64 MiB as a rule, which is why this is not
/// more, and not the size from the start.
#[cfg(target_os = "linux")]
const WIDE: usize = 512 << 10;

/// The writing end of a pipe, which grows when large frames go through it, and takes parts of files. What is no pipe is
/// written to all the same.
///
/// It is closed when its last clone is dropped.
///
/// ```
/// use std::os::fd::OwnedFd;
/// use std::sync::Arc;
///
/// use execnet_core_sync::link::{Link, NoControl, PipeOutput};
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
    /// Over this descriptor.
    pub fn new(pipe: impl Into<OwnedFd>) -> Self {
        Self {
            pipe: Arc::new(pipe.into().into()),
            usual: Arc::new(true.into()),
        }
    }

    /// For [`Link::files`](super::Link::files); `None` where the system does not do that, or this is no pipe. With a socket,
    /// a peer that is gone would be shown by the signal SIGPIPE, which not every program ignores.
    #[must_use]
    pub fn files(&self) -> Option<Box<dyn FileWriter>> {
        self.takes_files()
            .then(|| Box::new(self.clone()) as Box<dyn FileWriter>)
    }

    /// Makes room for so many bytes, the first time that they are many.
    fn expect(&self, bytes: usize) {
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
        // A matter of speed alone: where the system refuses, it stays as it is.
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
        self.expect(bytes.len());
        (&*self.pipe).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FileWriter for PipeOutput {
    fn write_file(&mut self, file: &File, offset: u64, len: usize) -> io::Result<usize> {
        self.expect(len);
        self.send(file, offset, len)
    }
}
