//! The ends of a pipe.

use alloc::sync::Arc;
use core::any::Any;
use core::sync::atomic::{AtomicBool, Ordering};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use execnet_core_sync::link::{Content, ContentWriter, PollReader};

use super::descriptor::Descriptor;
use crate::link::FileRange;

/// Capacity of a pipe as the system makes it, in bytes. A larger write is the sign of a link with large frames.
const USUAL: usize = 64 << 10;

/// Capacity for large frames, in bytes: reader and writer work at the same time, instead of taking turns every few
/// pages.
///
/// Linux limits the pipes of one user together (`pipe-user-pages-soft`, by default 64 MiB). That is why this is not
/// more, and why pipes do not start with it.
#[cfg(target_os = "linux")]
const WIDE: usize = 512 << 10;

/// The writing end of a pipe, which grows when large frames go through it, and takes parts of files. Any other
/// descriptor is only written to.
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
/// let content_writer = writer.content_writer();
/// let link = Link::from_std(child.stdout?, writer, Arc::new(NoControl)).with_content_writer(content_writer);
/// # Some(link)
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PipeOutput(Pipe);

/// One end of a pipe, which grows once.
#[derive(Debug, Clone)]
struct Pipe {
    file: Arc<File>,
    usual: Arc<AtomicBool>,
}

impl Pipe {
    fn new(pipe: impl Into<OwnedFd>) -> Self {
        Self {
            file: Arc::new(pipe.into().into()),
            usual: Arc::new(true.into()),
        }
    }

    /// Grows the pipe, the first time that it is called.
    fn grow(&self) {
        // Whether it succeeds or not. Relaxed, as nothing depends on the order: at worst one more large frame goes
        // through the pipe before it has grown.
        if self.usual.swap(false, Ordering::Relaxed) {
            widen(&self.file);
        }
    }
}

impl PipeOutput {
    /// Writes to this descriptor.
    pub fn new(pipe: impl Into<OwnedFd>) -> Self {
        Self(Pipe::new(pipe))
    }

    /// For [`Link::with_content_writer`](super::Link::with_content_writer): it sends each [`FileRange`] without a copy through
    /// memory.
    ///
    /// `None` if this is not a pipe, or the system is not Linux. Over a socket whose peer is gone, `sendfile` raises
    /// SIGPIPE, which not every program ignores.
    #[must_use]
    pub fn content_writer(&self) -> Option<Box<dyn ContentWriter>> {
        self.takes_files()
            .then(|| Box::new(self.clone()) as Box<dyn ContentWriter>)
    }

    /// Grows the pipe before the first large write.
    fn make_room(&self, bytes: usize) {
        if bytes > USUAL {
            self.0.grow();
        }
    }
}

/// The reading end of a pipe, which grows when large frames come through it. Any other descriptor is only read.
#[derive(Debug, Clone)]
pub(crate) struct PipeInput(Pipe);

impl PipeInput {
    pub(crate) fn new(pipe: impl Into<OwnedFd>) -> io::Result<Self> {
        Ok(Self(Pipe::new(pipe)))
    }

    /// For [`Link::with_poll_reader`](crate::link::Link::with_poll_reader).
    pub(crate) fn poll_reader(&self) -> Arc<dyn PollReader> {
        Arc::new(Descriptor::new(self.clone()))
    }
}

impl Read for PipeInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = (&*self.0.file).read(buffer)?;
        // The pipe was full: its writer waits.
        if size >= USUAL {
            self.0.grow();
        }
        Ok(size)
    }
}

impl AsFd for PipeInput {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.file.as_fd()
    }
}

#[cfg(target_os = "linux")]
fn widen(pipe: &File) {
    // Only for speed: if the system refuses, the pipe keeps its size.
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, WIDE);
}

#[cfg(not(target_os = "linux"))]
fn widen(_: &File) {}

#[cfg(target_os = "linux")]
impl PipeOutput {
    fn takes_files(&self) -> bool {
        let kind = |stat: rustix::fs::Stat| rustix::fs::FileType::from_raw_mode(stat.st_mode);
        rustix::fs::fstat(&*self.0.file).map(kind) == Ok(rustix::fs::FileType::Fifo)
    }

    fn send(&self, file: &File, mut position: u64, len: usize) -> io::Result<usize> {
        let pipe = &*self.0.file;
        // With a position of its own: links to other peers may send parts of the same open file at the same time. It
        // may send less than `len`; the caller continues where it stopped.
        Ok(rustix::fs::sendfile(pipe, file, Some(&mut position), len)?)
    }
}

#[cfg(not(target_os = "linux"))]
impl PipeOutput {
    fn takes_files(&self) -> bool {
        false
    }

    fn send(&self, _file: &File, _position: u64, _len: usize) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Write for PipeOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.make_room(bytes.len());
        // One system call, which may take only a part: the gateway calls again with the rest.
        (&*self.0.file).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ContentWriter for PipeOutput {
    fn write_content(&mut self, content: &dyn Content, offset: usize) -> io::Result<usize> {
        // Any other content has to be copied: only a file can be sent by the system.
        let range = (content as &dyn Any).downcast_ref::<FileRange>();
        let range = range.ok_or(io::ErrorKind::Unsupported)?;
        let len = range.len.saturating_sub(offset);
        self.make_room(len);
        self.send(&range.file, range.position(offset), len)
    }
}
