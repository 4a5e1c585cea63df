//! The pipes of a process. The ends that the standard library gives a program are made for overlapped use, so that a
//! wait for them can be limited and interrupted.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::os::windows::io::{AsHandle as _, OwnedHandle};
use std::process::{ChildStdin, ChildStdout};

use windows_sys::Win32::Foundation::ERROR_PIPE_NOT_CONNECTED;

use super::super::OutputGrace;
use super::calls::{Event, Transfer, wait_any};
use super::process::ExitWatch;

/// The reading end of a pipe.
#[derive(Debug)]
pub(crate) struct PipeReader {
    transfer: Transfer,
    /// What was read and not taken.
    start: usize,
    end: usize,
    closed: bool,
}

impl PipeReader {
    /// For a pipe that was opened for overlapped use.
    pub(crate) fn new(pipe: OwnedHandle) -> io::Result<Self> {
        Ok(Self {
            transfer: Transfer::new(pipe)?,
            start: 0,
            end: 0,
            closed: false,
        })
    }

    /// Begins to read, unless there are bytes or the end. Returns what is set when [`receive`](Self::receive) returns
    /// something; `None` if it does so at once.
    pub(crate) fn begin(&mut self) -> io::Result<Option<Readable>> {
        if self.start < self.end || self.closed {
            return Ok(None);
        }
        if !self.transfer.is_pending() {
            match self.transfer.begin_read() {
                Err(error) if is_end(&error) => {
                    self.closed = true;
                    return Ok(None);
                }
                begun => begun?,
            }
        }
        Ok(Some(Readable(Arc::clone(self.transfer.ended()))))
    }

    /// Whether [`receive`](Self::receive) returns something.
    pub(crate) fn is_ready(&mut self) -> bool {
        self.begin().map_or(true, |pending| {
            pending.is_none_or(|readable| readable.0.is_set())
        })
    }

    /// Takes bytes that were read: 0 at the end, `None` if there are none yet.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        // More than one round after a write of no bytes, which ends a read too.
        while let Some(readable) = self.begin()? {
            if !readable.0.is_set() {
                return Ok(None);
            }
            match self.transfer.finish() {
                Err(error) if is_end(&error) => self.closed = true,
                read => (self.start, self.end) = (0, read?),
            }
        }
        let unread = self.transfer.bytes(self.start, self.end);
        let size = unread.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..size), unread.get(..size)) {
            to.copy_from_slice(from);
        }
        self.start += size;
        Ok(Some(size))
    }
}

/// Whether this is how the end of a pipe shows.
fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof
    ) || error.raw_os_error() == Some(ERROR_PIPE_NOT_CONNECTED as i32)
}

/// Set when a read has ended.
#[derive(Debug)]
pub(crate) struct Readable(Arc<Event>);

impl Readable {
    /// Waits for it, or until `interrupt` is raised, which takes it back. Returns whether it is set.
    pub(crate) fn wait(
        &self,
        interrupt: Option<&Interrupt>,
        timeout: Option<Duration>,
    ) -> io::Result<bool> {
        let ready = self.0.as_handle();
        let found = match interrupt {
            Some(interrupt) => wait_any(&[ready, interrupt.0.as_handle()], timeout),
            None => wait_any(&[ready], timeout),
        };
        Ok(found? == Some(0))
    }
}

/// Ends a wait.
#[derive(Debug)]
pub(crate) struct Interrupt(Event);

impl Interrupt {
    pub(crate) fn new() -> io::Result<Self> {
        Event::new(true).map(Self)
    }

    /// Ends the wait that runs, or the next one.
    pub(crate) fn raise(&self) {
        self.0.set();
    }
}

/// The writing end of a pipe.
#[derive(Debug)]
pub(crate) struct PipeWriter(Transfer);

impl PipeWriter {
    fn new(pipe: OwnedHandle) -> io::Result<Self> {
        Transfer::new(pipe).map(Self)
    }

    /// Begins to write some of these bytes and returns how many; `None` while those before are on their way.
    fn begin(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        if self.0.is_pending() {
            if !self.0.ended().is_set() {
                return Ok(None);
            }
            self.0.finish()?;
        }
        self.0.begin_write(bytes).map(Some)
    }
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        // What the handshake has begun.
        self.0.finish()?;
        self.0.begin_write(bytes)?;
        self.0.finish()
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The standard input and output of a process on this machine.
#[derive(Debug)]
pub(crate) struct PipePair {
    stdin: PipeWriter,
    stdout: PipeReader,
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
            stdin: PipeWriter::new(stdin.into())?,
            stdout: PipeReader::new(stdout.into())?,
            watch,
            grace: OutputGrace::default(),
        })
    }

    /// The output and the input.
    pub(crate) fn split(self) -> (PipeReader, PipeWriter) {
        (self.stdout, self.stdin)
    }

    /// See `transfer` of `Duplex`: how much was sent, and what was received. Bytes count as sent when the system has
    /// begun to write them.
    pub(crate) fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<(usize, Option<usize>)> {
        let sent = self.send(unsent)?;
        if sent == 0 {
            self.wait(!unsent.is_empty(), timeout)?;
        }
        let received = self.stdout.receive(buffer)?;
        Ok((sent, received.or(self.grace.is_over().then_some(0))))
    }

    fn send(&mut self, unsent: &[u8]) -> io::Result<usize> {
        if unsent.is_empty() {
            return Ok(0);
        }
        match self.stdin.begin(unsent) {
            Err(error) if is_end(&error) => Ok(unsent.len()),
            sent => Ok(sent?.unwrap_or(0)),
        }
    }

    /// Waits for output, for room in the input if there is more to send, or for the end of the process.
    fn wait(&mut self, sending: bool, timeout: Duration) -> io::Result<()> {
        let Some(readable) = self.stdout.begin()? else {
            return Ok(());
        };
        let mut handles = vec![readable.0.as_handle()];
        if sending {
            handles.push(self.stdin.0.ended().as_handle());
        }
        match self.grace.left() {
            None => {
                handles.push(self.watch.as_handle());
                let last = handles.len() - 1;
                if wait_any(&handles, Some(timeout))? == Some(last) {
                    self.grace.begin();
                }
            }
            // Without the process, whose end would be reported again at once.
            Some(left) => {
                wait_any(&handles, Some(timeout.min(left)))?;
            }
        }
        Ok(())
    }
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(size) = self.receive(buffer)? {
                return Ok(size);
            }
            if let Some(readable) = self.begin()? {
                readable.wait(None, None)?;
            }
        }
    }
}
