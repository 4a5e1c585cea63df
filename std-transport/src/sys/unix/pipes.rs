//! The pipes of a process, until it is a worker.

use core::time::Duration;
use std::io;
use std::os::fd::AsFd as _;
use std::process::{ChildStdin, ChildStdout};

use rustix::event::{PollFd, PollFlags};

use super::super::OutputGrace;
use super::wait::{ExitWatch, poll_for};

/// A pipe that poll reports as writable takes this many bytes without blocking (PIPE_BUF on Linux, at least 512
/// elsewhere). A larger write may block past the deadline.
const WRITE_CHUNK: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// The standard input and output of a process on this machine.
#[derive(Debug)]
pub(crate) struct PipePair {
    stdin: ChildStdin,
    stdout: ChildStdout,
    watch: ExitWatch,
    grace: OutputGrace,
}

impl PipePair {
    pub(crate) fn new(
        stdin: ChildStdin,
        stdout: ChildStdout,
        watch: ExitWatch,
    ) -> io::Result<Self> {
        Ok(Self {
            stdin,
            stdout,
            watch,
            grace: OutputGrace::default(),
        })
    }

    /// The output and the input.
    pub(crate) fn split(self) -> (ChildStdout, ChildStdin) {
        (self.stdout, self.stdin)
    }

    /// See `transfer` of `Duplex`: how much was sent, and what was received.
    pub(crate) fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<(usize, Option<usize>)> {
        let (readable, writable) = self.wait(!unsent.is_empty(), timeout)?;
        let received = if readable {
            read(&mut self.stdout, buffer)?
        } else {
            self.grace.is_over().then_some(0)
        };
        let sent = if writable {
            write(&mut self.stdin, unsent)?
        } else {
            0
        };
        Ok((sent, received))
    }

    /// Waits until the output is readable or the input writable; returns which.
    fn wait(&mut self, sending: bool, timeout: Duration) -> io::Result<(bool, bool)> {
        let mut ends = [
            PollFd::from_borrowed_fd(self.stdout.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.stdin.as_fd(), PollFlags::OUT),
        ];
        // A closed standard input polls as ready all the time: it is polled only if there is something to write.
        let watched = if sending { 2 } else { 1 };
        let ends = ends.get_mut(..watched).unwrap_or_default();
        match self.grace.left() {
            None => {
                if self.watch.poll(ends, timeout)? {
                    self.grace.begin();
                }
            }
            // Without the watch, which would report the end again at once.
            Some(left) => poll_for(ends, timeout.min(left))?,
        }
        let mut ready = ends.iter().map(|end| !end.revents().is_empty());
        Ok((ready.next() == Some(true), ready.next() == Some(true)))
    }
}

fn read(stdout: &mut impl io::Read, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    match stdout.read(buffer) {
        Ok(size) => Ok(Some(size)),
        // Not repeated here: the deadline is checked before the next attempt.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sends a piece; returns how long it was.
fn write(stdin: &mut impl io::Write, unsent: &[u8]) -> io::Result<usize> {
    let chunk = unsent.get(..WRITE_CHUNK).unwrap_or(unsent);
    match stdin.write(chunk) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(unsent.len()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails with an error of this kind.
    struct Failing(io::ErrorKind);

    impl io::Read for Failing {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
    }

    impl io::Write for Failing {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_interrupted_call_does_nothing_and_a_closed_input_counts_as_having_sent_all() {
        let read = |kind| read(&mut Failing(kind), &mut [0; 4]).map_err(|error| error.kind());
        let write = |kind| write(&mut Failing(kind), b"12").map_err(|error| error.kind());
        let other = io::ErrorKind::InvalidData;
        assert_eq!(read(io::ErrorKind::Interrupted), Ok(None));
        assert_eq!(read(other), Err(other));
        assert_eq!(write(io::ErrorKind::Interrupted), Ok(0));
        assert_eq!(write(io::ErrorKind::BrokenPipe), Ok(2));
        assert_eq!(write(other), Err(other));
    }

    #[test]
    fn no_more_is_written_at_once_than_a_ready_pipe_takes() {
        let mut written = Vec::new();
        let sent = write(&mut written, &[7; WRITE_CHUNK + 1]).unwrap();
        assert_eq!((sent, written.len()), (WRITE_CHUNK, WRITE_CHUNK));
    }
}
