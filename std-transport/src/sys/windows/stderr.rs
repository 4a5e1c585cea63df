//! The pipe of a standard error, and a way to wake the thread that waits for it.

use std::fs::File;
use std::io;
use std::process::ChildStderr;

use super::calls;
use super::pipes::{Interrupt, PipeReader};
use crate::sync::Mutex;

/// The reading end of a standard error.
#[derive(Debug)]
pub(crate) struct Errors {
    reader: Mutex<PipeReader>,
    woken: Interrupt,
}

/// A pipe whose reading end is a standard error.
pub(crate) fn errors_pipe() -> io::Result<(Errors, File)> {
    let (reader, writer) = calls::pipe()?;
    Ok((Errors::new(PipeReader::new(reader)?)?, writer))
}

impl Errors {
    fn new(reader: PipeReader) -> io::Result<Self> {
        Ok(Self {
            reader: Mutex::new(reader),
            woken: Interrupt::new()?,
        })
    }

    /// Whether there are bytes to read, or the end of the stream.
    pub(crate) fn is_readable(&self) -> bool {
        self.reader.lock().is_ready()
    }

    /// Waits until it is readable or [woken](Self::wake).
    pub(crate) fn wait_readable(&self) -> io::Result<()> {
        // Unlocked for the wait: other threads ask whether it is readable.
        let pending = self.reader.lock().begin()?;
        if let Some(readable) = pending {
            readable.wait(Some(&self.woken), None)?;
        }
        Ok(())
    }

    /// Reads what is there.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.lock().receive(buffer)?;
        read.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    /// Wakes the thread that waits; returns whether it could.
    pub(crate) fn wake(&self) -> bool {
        self.woken.raise();
        true
    }
}

impl TryFrom<ChildStderr> for Errors {
    type Error = io::Error;

    fn try_from(stream: ChildStderr) -> io::Result<Self> {
        Self::new(PipeReader::new(stream.into())?)
    }
}
