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

/// poll says that so much fits into a pipe before it says that anything does (PIPE_BUF on Linux; other systems have
/// at least 512, but let a pipe take more than it promised only by blocking, which the deadline does not survive).
const WRITE_CHUNK: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// Why there is no worker.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The deadline passed, after this time.
    Deadline(Duration),
    /// A server could not prove that it knows the token.
    Impostor,
    /// Its output ended.
    End,
    /// It answered, but not that it is ready.
    Answer(BadAnswer),
    /// A pipe failed.
    Io(io::Error),
}

/// A way to a process that is to become a worker.
pub(crate) trait Wire {
    /// Sends some of `unsent` and reads what is there into `buffer`, whichever can be done first, and returns then; or
    /// does nothing when that takes longer than `patience`.
    ///
    /// It must not stay longer: a process that neither reads nor writes is no excuse.
    ///
    /// # Errors
    ///
    /// The way is broken. An end of what the process reads is no error, and counts as having sent all: what it has to
    /// say comes from its output.
    fn turn(&mut self, unsent: &[u8], buffer: &mut [u8], patience: Duration) -> io::Result<Turn>;
}

/// What a turn has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Turn {
    /// How many bytes were sent.
    pub(crate) sent: usize,
    /// How many bytes were read; 0 at the end of the output, none if there was nothing to read yet.
    pub(crate) received: Option<usize>,
}

/// Sends the program and waits for the answer, reading and writing as the process lets us.
pub(crate) fn bootstrap(
    wire: &mut dyn Wire,
    program: &[u8],
    scanner: &mut Scanner,
    deadline: Deadline,
) -> Result<Ready, Failure> {
    let mut unsent = program;
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.left();
        if left.is_zero() {
            return Err(Failure::Deadline(deadline.timeout()));
        }
        let turn = wire.turn(unsent, &mut buffer, left).map_err(Failure::Io)?;
        unsent = unsent.get(turn.sent..).unwrap_or_default();
        match turn.received {
            None => {}
            Some(0) => return Err(Failure::End),
            Some(size) => {
                let bytes = buffer.get(..size).unwrap_or_default();
                if let Some(ready) = scanner.push(bytes).map_err(Failure::Answer)? {
                    return Ok(ready);
                }
            }
        }
    }
}

/// How long the output of a process is read after its end, if it does not end: a process that it has left behind holds
/// it.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// The standard input and output of a process here.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    watch: ExitWatch,
    /// Set once the process has ended: until when its output is read.
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

    /// Waits for what can be done: whether the output can be read, and the input written.
    fn wait(&mut self, sending: bool, patience: Duration) -> io::Result<(bool, bool)> {
        let mut ends = [
            PollFd::from_borrowed_fd(self.stdout.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.stdin.as_fd(), PollFlags::OUT),
        ];
        // A closed standard input is ready all the time; while nothing is written it is not looked at.
        let watched = if sending { 2 } else { 1 };
        let ends = ends.get_mut(..watched).unwrap_or_default();
        match self.ended {
            None => {
                if self.watch.poll(ends, patience)? {
                    self.ended = Some(Deadline::after(OUTPUT_GRACE));
                }
            }
            Some(grace) => poll_for(ends, patience.min(grace.left()))?,
        }
        let mut ready = ends.iter().map(|end| !end.revents().is_empty());
        Ok((ready.next() == Some(true), ready.next() == Some(true)))
    }

    /// The process has ended, and so has the time for what others may still write to its output.
    fn is_over(&self) -> bool {
        self.ended.is_some_and(|grace| grace.left().is_zero())
    }
}

impl Wire for Pipes {
    fn turn(&mut self, unsent: &[u8], buffer: &mut [u8], patience: Duration) -> io::Result<Turn> {
        let (readable, writable) = self.wait(!unsent.is_empty(), patience)?;
        let received = if readable {
            read(&mut self.stdout, buffer)?
        } else {
            self.is_over().then_some(0)
        };
        let sent = if writable {
            write(&mut self.stdin, unsent)?
        } else {
            0
        };
        Ok(Turn { sent, received })
    }
}

fn read(stdout: &mut impl io::Read, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    match stdout.read(buffer) {
        Ok(size) => Ok(Some(size)),
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
