//! Links over pipes that were opened for overlapped use, as the standard library opens those of a child.

use alloc::sync::Arc;
use core::time::Duration;
use std::fs::File;
use std::io::{self, Read, Write};

use execnet_core_sync::link::{ContentWriter, Link, NoControl, PollReader, Ready};

use crate::sync::Mutex;
use crate::sys::{Interrupt, PipeReader, PipeWriter};

/// The reading end of a pipe. Threads that receive can wait for it themselves.
#[derive(Debug, Clone)]
pub(crate) struct PipeInput(Arc<Input>);

#[derive(Debug)]
struct Input {
    reader: Mutex<PipeReader>,
    interrupt: Interrupt,
}

impl PipeInput {
    pub(crate) fn new(reader: PipeReader) -> io::Result<Self> {
        let reader = Mutex::new(reader);
        let interrupt = Interrupt::new()?;
        Ok(Self(Arc::new(Input { reader, interrupt })))
    }

    /// For [`Link::with_poll_reader`].
    pub(crate) fn poll_reader(&self) -> Arc<dyn PollReader> {
        Arc::clone(&self.0) as Arc<dyn PollReader>
    }
}

impl PollReader for Input {
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        // Unlocked for the wait. No other thread reads in between: one thread waits at a time, and reads after it.
        let pending = self.reader.lock().begin()?;
        let ready = match pending {
            None => true,
            Some(readable) => readable.wait(Some(&self.interrupt), timeout)?,
        };
        Ok(if ready {
            Ready::Read
        } else {
            Ready::Interrupted
        })
    }

    fn interrupt(&self) {
        self.interrupt.raise();
    }
}

impl Read for PipeInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.reader.lock().read(buffer)
    }
}

/// The writing end of a pipe.
#[derive(Debug)]
pub(crate) struct PipeOutput(PipeWriter);

impl PipeOutput {
    pub(crate) fn new(writer: PipeWriter) -> Self {
        Self(writer)
    }

    /// Nothing here takes parts of files.
    pub(crate) fn content_writer(&self) -> Option<Box<dyn ContentWriter>> {
        None
    }
}

impl Write for PipeOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The link of a worker over its standard input and output. Their kind is not known, so only the reader thread waits.
pub(crate) fn stdio_link(reader: File, writer: File) -> Link {
    Link::from_std(reader, writer, Arc::new(NoControl))
}
