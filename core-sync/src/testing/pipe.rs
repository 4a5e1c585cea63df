//! A pipe in memory, with faults on request.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::io;

use crate::link::{PollReader, Ready};
use crate::sync::{Condvar, Deadline, Mutex};

/// Faults of the reading end of a [`pipe`].
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Maximal number of bytes of a read.
    chunk: Option<usize>,
    /// After this many bytes reading fails with this kind of error. Without one the stream ends, and writing fails as for a
    /// pipe without a reader.
    end: Option<(usize, Option<io::ErrorKind>)>,
}

impl Faults {
    /// Each read returns `chunk` bytes at most.
    #[must_use]
    pub fn short_reads(chunk: usize) -> Self {
        Self {
            chunk: Some(chunk),
            ..Self::default()
        }
    }

    /// The stream ends after `bytes`, and writing fails as for a pipe without a reader.
    #[must_use]
    pub fn cut_after(bytes: usize) -> Self {
        Self {
            end: Some((bytes, None)),
            ..Self::default()
        }
    }

    /// Reading fails after `bytes`.
    #[must_use]
    pub fn fail_after(bytes: usize, kind: io::ErrorKind) -> Self {
        Self {
            end: Some((bytes, Some(kind))),
            ..Self::default()
        }
    }
}

#[derive(Debug)]
struct Pipe {
    state: Mutex<PipeState>,
    changed: Condvar,
}

#[derive(Debug)]
struct PipeState {
    bytes: VecDeque<u8>,
    capacity: usize,
    writer_gone: bool,
    reader_gone: bool,
    /// The thread that waits for bytes has to return.
    interrupted: bool,
    /// Number of bytes read so far, for the faults.
    read: usize,
    faults: Faults,
}

/// An in-memory pipe that holds `capacity` bytes: writing blocks while it is full, reading while it is empty.
#[must_use]
pub fn pipe(capacity: usize) -> (PipeWriter, PipeReader) {
    let state = PipeState {
        bytes: VecDeque::new(),
        capacity,
        writer_gone: false,
        reader_gone: false,
        interrupted: false,
        read: 0,
        faults: Faults::default(),
    };
    let shared = Arc::new(Pipe {
        state: Mutex::new(state),
        changed: Condvar::default(),
    });
    (PipeWriter(shared.clone()), PipeReader(shared))
}

/// The writing end of a [`pipe`]. Dropping it ends the stream.
#[derive(Debug)]
pub struct PipeWriter(Arc<Pipe>);

/// The reading end of a [`pipe`]. When it is dropped, writing fails with a broken pipe.
#[derive(Debug)]
pub struct PipeReader(Arc<Pipe>);

impl PipeReader {
    /// Sets the faults.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Self {
        self.0.state.lock().faults = faults;
        self
    }

    /// A handle of the pipe, for use after the reading end was moved into a link.
    #[must_use]
    pub fn valve(&self) -> Valve {
        Valve(self.0.clone())
    }
}

/// A handle of a pipe that is part of a link.
#[derive(Debug, Clone)]
pub struct Valve(Arc<Pipe>);

impl Valve {
    /// Whether there are bytes to read.
    #[must_use]
    pub fn holds_bytes(&self) -> bool {
        !self.0.state.lock().bytes.is_empty()
    }

    /// Ends the pipe now: reads return the end, writes fail. The bytes in it are lost.
    pub fn cut(&self) {
        let mut state = self.0.state.lock();
        state.bytes.clear();
        state.writer_gone = true;
        state.reader_gone = true;
        drop(state);
        self.0.changed.notify_all();
    }
}

impl PollReader for Valve {
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        let deadline = Deadline::after_optional(timeout);
        let mut state = self.0.state.lock();
        loop {
            if core::mem::take(&mut state.interrupted) {
                return Ok(Ready::Interrupted);
            }
            if state.readable(1).is_some() {
                return Ok(Ready::Read);
            }
            if deadline.has_passed() {
                return Ok(Ready::Interrupted);
            }
            state = self.0.changed.wait(state, deadline);
        }
    }

    fn interrupt(&self) {
        self.0.state.lock().interrupted = true;
        self.0.changed.notify_all();
    }
}

impl PipeState {
    /// Number of bytes that can be read now; `None` if the reader must wait.
    fn readable(&mut self, wanted: usize) -> Option<io::Result<usize>> {
        let mut most = wanted.min(self.faults.chunk.unwrap_or(wanted));
        if let Some((after, failure)) = self.faults.end {
            if self.read >= after {
                self.reader_gone |= failure.is_none();
                return Some(failure.map_or(Ok(0), |kind| Err(kind.into())));
            }
            most = most.min(after - self.read);
        }
        match self.bytes.len().min(most) {
            0 if wanted > 0 && !self.writer_gone => None,
            ready => Some(Ok(ready)),
        }
    }
}

impl io::Read for PipeReader {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock();
        let ready = loop {
            match state.readable(room.len()) {
                Some(ready) => break ready,
                None => state = self.0.changed.wait(state, Deadline::NEVER),
            }
        };
        if let Ok(ready) = ready {
            let taken: Vec<u8> = state.bytes.drain(..ready).collect();
            room.iter_mut().zip(taken).for_each(|(to, byte)| *to = byte);
            state.read += ready;
        }
        drop(state);
        self.0.changed.notify_all();
        ready
    }
}

impl io::Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock();
        loop {
            if state.reader_gone {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let room = state.capacity.saturating_sub(state.bytes.len());
            if room > 0 || bytes.is_empty() {
                let taken = bytes.get(..room).unwrap_or(bytes);
                state.bytes.extend(taken);
                let written = taken.len();
                drop(state);
                self.0.changed.notify_all();
                return Ok(written);
            }
            state = self.0.changed.wait(state, Deadline::NEVER);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for PipeWriter {
    fn drop(&mut self) {
        self.0.state.lock().writer_gone = true;
        self.0.changed.notify_all();
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        self.0.state.lock().reader_gone = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read as _, Write as _};

    use super::*;

    /// Reads `room` bytes at a time to the end. Returns the length of each read, and how the last one ended.
    fn reads(faults: Faults, room: usize) -> (Vec<usize>, io::Result<usize>) {
        let (mut writer, reader) = pipe(100);
        let mut reader = reader.with_faults(faults);
        writer.write_all(&[7; 20]).unwrap();
        drop(writer);
        let mut given = Vec::new();
        loop {
            match reader.read(&mut [0; 100][..room]) {
                Ok(0) => return (given, Ok(0)),
                Ok(read) => given.push(read),
                error => return (given, error),
            }
        }
    }

    #[test]
    fn faults_occur_at_the_given_byte() {
        let none = Faults::default();
        assert_eq!(reads(none.clone(), 50).0, [20]);
        assert_eq!(reads(none, 8).0, [8, 8, 4]);
        let (given, end) = reads(Faults::short_reads(6), 50);
        assert_eq!((given, end.unwrap()), ([6, 6, 6, 2].to_vec(), 0));
        let (given, end) = reads(Faults::cut_after(15), 10);
        assert_eq!((given, end.unwrap()), ([10, 5].to_vec(), 0));
        let kind = ErrorKind::ConnectionReset;
        let (given, end) = reads(Faults::fail_after(15, kind), 10);
        assert_eq!((given, end.unwrap_err().kind()), ([10, 5].to_vec(), kind));
    }

    #[test]
    fn a_cut_ends_both_directions() {
        let (mut writer, reader) = pipe(100);
        let mut reader = reader.with_faults(Faults::cut_after(0));
        writer.write_all(b"taken").unwrap();
        assert_eq!(reader.read(&mut [0; 9]).unwrap(), 0);
        let error = writer.write(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn a_read_into_an_empty_buffer_returns_and_polling_waits_for_bytes() {
        let (mut writer, mut reader) = pipe(100);
        let valve = reader.valve();
        assert_eq!(reader.read(&mut []).unwrap(), 0);
        assert!(!valve.holds_bytes());
        let short = Some(Duration::from_millis(1));
        assert_eq!(valve.wait(short).unwrap(), Ready::Interrupted);
        valve.interrupt();
        assert_eq!(valve.wait(None).unwrap(), Ready::Interrupted);
        writer.write_all(b"x").unwrap();
        assert!(valve.holds_bytes());
        assert_eq!(valve.wait(None).unwrap(), Ready::Read);
    }
}
