//! The pipe of a standard error, and a way to wake the thread that waits for it.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ChildStderr;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
#[cfg(target_os = "linux")]
use rustix::io::Errno;
use rustix::io::{read, retry_on_intr};

/// The reading end of a standard error.
#[derive(Debug)]
pub(crate) struct Errors(ChildStderr);

impl TryFrom<ChildStderr> for Errors {
    type Error = io::Error;

    fn try_from(stream: ChildStderr) -> io::Result<Self> {
        Ok(Self(stream))
    }
}

/// A pipe whose reading end is a standard error.
pub(crate) fn errors_pipe() -> io::Result<(Errors, io::PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    Ok((Errors(OwnedFd::from(reader).into()), writer))
}

impl Errors {
    /// Whether there are bytes to read, or the end of the stream.
    pub(crate) fn is_readable(&self) -> bool {
        let mut stream = [PollFd::new(&self.0, PollFlags::IN)];
        matches!(poll(&mut stream, Some(&Timespec::default())), Ok(1))
    }

    /// Waits until it is readable or [woken](Self::wake).
    pub(crate) fn wait_readable(&self) -> io::Result<()> {
        let mut ends = [PollFd::new(&self.0, PollFlags::IN)];
        retry_on_intr(|| poll(&mut ends, None))?;
        Ok(())
    }

    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(retry_on_intr(|| read(&self.0, &mut *buffer))?)
    }

    /// Wakes the thread that polls the stream, by writing a byte that is never read; returns whether it could. The pipe
    /// is opened for writing only for this moment: an open writing end of our own would keep the stream from ending.
    #[cfg(target_os = "linux")]
    pub(crate) fn wake(&self) -> bool {
        use rustix::fs::{Mode, OFlags, open};
        use std::os::fd::AsRawFd as _;

        let path = format!("/proc/self/fd/{}", self.0.as_raw_fd());
        let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let writer = open(path, flags, Mode::empty());
        // If the pipe is full, the thread has been woken by that.
        writer.is_ok_and(|writer| {
            matches!(rustix::io::write(writer, &[0]), Ok(_) | Err(Errno::AGAIN))
        })
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn wake(&self) -> bool {
        false
    }
}
