//! Turns a fresh interpreter into a worker.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;

use crate::deadline::Deadline;
use crate::handshake::{BadAnswer, Ready, Scanner};
use crate::link::{PipeInput, PipeOutput};
use crate::process::{Process, Started};
use crate::sys;

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

/// The standard input and output of a process on this machine.
#[derive(Debug)]
pub(crate) struct Pipes(sys::PipePair);

impl Pipes {
    pub(crate) fn new(started: Started) -> io::Result<(Self, Arc<Process>)> {
        let Started {
            process,
            stdin,
            stdout,
        } = started;
        let pair = sys::PipePair::new(stdin, stdout, process.watch())?;
        Ok((Self(pair), process))
    }

    /// The output and the input of the process, as the ends of a link.
    pub(crate) fn split(self) -> io::Result<(PipeInput, PipeOutput)> {
        let (stdout, stdin) = self.0.split();
        Ok((PipeInput::new(stdout)?, PipeOutput::new(stdin)))
    }
}

impl Duplex for Pipes {
    fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress> {
        let (sent, received) = self.0.transfer(unsent, buffer, timeout)?;
        Ok(Progress { sent, received })
    }
}
