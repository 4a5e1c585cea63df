//! Turns a fresh interpreter into a worker.

use core::time::Duration;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd;
use std::process::{ChildStdin, ChildStdout};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::handshake::{BadAnswer, Ready, Scanner};
use crate::wait::timespec;

/// poll says that so much fits into a pipe before it says that anything does (PIPE_BUF on Linux; other systems have
/// at least 512, but let a pipe take more than it promised only by blocking, which the deadline does not survive).
const WRITE_CHUNK: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// Why there is no worker.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The deadline passed.
    Deadline(Duration),
    /// Its output ended.
    End,
    /// It answered, but not that it is ready.
    Answer(BadAnswer),
    /// A pipe failed.
    Io(io::Error),
}

/// Sends the program and waits for the answer, reading and writing as the process lets us.
pub(crate) fn bootstrap(
    stdin: &mut ChildStdin,
    stdout: &mut ChildStdout,
    program: &[u8],
    scanner: &mut Scanner,
    patience: Duration,
) -> Result<Ready, Failure> {
    let deadline = Instant::now() + patience;
    let mut unsent = program;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::Deadline(patience));
        }
        let (readable, writable) = wait(stdin, stdout, !unsent.is_empty(), left)?;
        if readable && let Some(ready) = read(stdout, scanner)? {
            return Ok(ready);
        }
        if writable {
            unsent = write(stdin, unsent)?;
        }
    }
}

fn wait(
    stdin: &ChildStdin,
    stdout: &ChildStdout,
    sending: bool,
    left: Duration,
) -> Result<(bool, bool), Failure> {
    let wanted = if sending {
        PollFlags::OUT
    } else {
        PollFlags::empty()
    };
    let mut ends = [
        PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::IN),
        PollFd::from_borrowed_fd(stdin.as_fd(), wanted),
    ];
    // A closed standard input shows all the time; once we do not write it tells nothing.
    let ends = if sending {
        &mut ends[..]
    } else {
        &mut ends[..1]
    };
    match poll(ends, Some(&timespec(left))) {
        Ok(_) | Err(Errno::INTR) => {
            let mut ready = ends.iter().map(|end| !end.revents().is_empty());
            Ok((ready.next() == Some(true), ready.next() == Some(true)))
        }
        Err(error) => Err(Failure::Io(error.into())),
    }
}

fn read(stdout: &mut ChildStdout, scanner: &mut Scanner) -> Result<Option<Ready>, Failure> {
    let mut buffer = [0; 4096];
    match stdout.read(&mut buffer) {
        Ok(0) => Err(Failure::End),
        Ok(size) => scanner
            .push(buffer.get(..size).unwrap_or_default())
            .map_err(Failure::Answer),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(Failure::Io(error)),
    }
}

/// Sends a piece; returns what is left.
fn write<'a>(stdin: &mut ChildStdin, unsent: &'a [u8]) -> Result<&'a [u8], Failure> {
    let chunk = unsent.get(..WRITE_CHUNK).unwrap_or(unsent);
    match stdin.write(chunk) {
        Ok(size) => Ok(unsent.get(size..).unwrap_or_default()),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(unsent),
        // It does not read. What it has to say, and its end, come from its output.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(&[]),
        Err(error) => Err(Failure::Io(error)),
    }
}
