//! Turns a fresh interpreter into a worker.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::os::fd::AsFd;
use std::process::{ChildStdin, ChildStdout};

use rustix::event::{PollFd, PollFlags};

use crate::deadline::Deadline;
use crate::handshake::{BadAnswer, Ready, Scanner};
use crate::process::{Process, Started};
use crate::wait::{ExitWatch, poll_for};

/// A pipe that poll reports as writable takes this many bytes without blocking (PIPE_BUF on Linux, at least 512
/// elsewhere). A larger write may block past the deadline.
const WRITE_CHUNK: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// Why the handshake failed.
#[derive(Debug)]
pub(crate) enum HandshakeError {
    /// The deadline passed, after this time.
    Deadline(Duration),
    /// The server could not prove that it knows the token.
    Impostor,
    /// There is no password for its user, or it is wrong; the text says which.
    Password(String),
    /// Its output ended before the answer.
    End,
    /// Its answer is malformed or a refusal.
    Answer(BadAnswer),
    /// A pipe failed.
    Io(io::Error),
}

/// A byte stream in both directions to a process that becomes a worker.
pub(crate) trait Duplex {
    /// Waits until some of `unsent` can be sent or bytes can be read into `buffer`, does what is possible, and returns;
    /// does nothing if that takes longer than `timeout`.
    ///
    /// It must return by then even if the process neither reads nor writes.
    ///
    /// # Errors
    ///
    /// The stream is broken. A closed input of the process is no error and counts as having sent all: the reason comes
    /// from its output.
    fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress>;
}

/// What one [`transfer`](Duplex::transfer) has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    /// Number of bytes sent.
    pub(crate) sent: usize,
    /// Number of bytes read: 0 at the end of the output, `None` if there was nothing to read yet.
    pub(crate) received: Option<usize>,
}

/// Sends the payload and waits for the answer. Reads while it writes: a process that fills its output before it reads
/// its input must not cause a deadlock.
pub(crate) fn bootstrap(
    duplex: &mut dyn Duplex,
    payload: &[u8],
    scanner: &mut Scanner,
    deadline: Deadline,
) -> Result<Ready, HandshakeError> {
    let mut unsent = payload;
    let mut buffer = [0; 4096];
    loop {
        // Checked in each round, as a process that prints for ever keeps `transfer` from ever timing out.
        let left = deadline.left();
        if left.is_zero() {
            return Err(HandshakeError::Deadline(deadline.timeout()));
        }
        let progress = duplex
            .transfer(unsent, &mut buffer, left)
            .map_err(HandshakeError::Io)?;
        unsent = unsent.get(progress.sent..).unwrap_or_default();
        match progress.received {
            None => {}
            Some(0) => return Err(HandshakeError::End),
            Some(size) => {
                let bytes = buffer.get(..size).unwrap_or_default();
                if let Some(ready) = scanner.push(bytes).map_err(HandshakeError::Answer)? {
                    return Ok(ready);
                }
            }
        }
    }
}

/// How long the output of an ended process is still read: another process that inherited it may keep it open.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// The standard input and output of a process on this machine.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    watch: ExitWatch,
    /// Set when the process has ended: until then its output is read.
    ended: Option<Deadline>,
}

impl Pipes {
    pub(crate) fn new(started: Started) -> (Self, Arc<Process>) {
        let Started {
            process,
            stdin,
            stdout,
        } = started;
        let pipes = Self {
            stdin,
            stdout,
            watch: process.watch(),
            ended: None,
        };
        (pipes, process)
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
        match self.ended {
            None => {
                // The end of the process is not the end of its output: the last lines, which say why it ended, may
                // still be in the pipe.
                if self.watch.poll(ends, timeout)? {
                    self.ended = Some(Deadline::after(OUTPUT_GRACE));
                }
            }
            // Without the watch, which would report the end again at once.
            Some(grace) => poll_for(ends, timeout.min(grace.left()))?,
        }
        let mut ready = ends.iter().map(|end| !end.revents().is_empty());
        Ok((ready.next() == Some(true), ready.next() == Some(true)))
    }

    /// The process has ended, and so has the time to read the rest of its output.
    fn is_drained(&self) -> bool {
        self.ended.is_some_and(|grace| grace.left().is_zero())
    }
}

impl Duplex for Pipes {
    fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress> {
        let (readable, writable) = self.wait(!unsent.is_empty(), timeout)?;
        let received = if readable {
            read(&mut self.stdout, buffer)?
        } else {
            self.is_drained().then_some(0)
        };
        let sent = if writable {
            write(&mut self.stdin, unsent)?
        } else {
            0
        };
        Ok(Progress { sent, received })
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
