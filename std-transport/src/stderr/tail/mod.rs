//! The last bytes of a standard error, and the thread that reads it.
//!
//! A stream of standard error need not end with its process: any process that has inherited it keeps it open. Therefore
//! no wait here is for the end of the stream; waits are for the stream to be empty, or limited in time.

#[cfg(test)]
mod tests;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::thread::{self, JoinHandle};

use super::{STDERR_TAIL, Sink};
use crate::printable::printable;
use crate::sync::{Condvar, Mutex};
use crate::sys::Errors;

/// Limits waits for a slow sink, and for a stream that another process keeps filling.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads a worker's standard error in a thread, until it ends or this is dropped.
#[derive(Debug)]
pub(crate) struct StderrTail {
    shared: Arc<Shared>,
    shown: bool,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Bytes were passed on, or the thread has ended.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    tail: VecDeque<u8>,
    /// `None` once the thread has ended. The descriptor is closed then, so that writers get an error instead of filling
    /// the pipe and blocking.
    stream: Option<Arc<Errors>>,
    /// The sink has not taken yet what was read last.
    passing_on: bool,
    stop: Stop,
}

/// When the thread ends, if the stream does not end before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stop {
    #[default]
    Never,
    /// When the stream is empty.
    WhenEmpty,
    /// When it wakes.
    Now,
}

impl StderrTail {
    pub(crate) fn start(name: &str, stderr: Errors, mut sink: Box<dyn Sink>) -> io::Result<Self> {
        let stream = Arc::new(stderr);
        let state = State {
            tail: VecDeque::new(),
            stream: Some(Arc::clone(&stream)),
            passing_on: false,
            stop: Stop::default(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::default(),
        });
        let reading = Reading(Arc::clone(&shared));
        let shown = sink.shows();
        let thread = thread::Builder::new()
            .name(format!("stderr of {name}"))
            .spawn(move || reading.run(&stream, sink.as_mut()))?;
        Ok(Self {
            shared,
            shown,
            thread: Some(thread),
        })
    }

    /// Waits until the stream is empty and everything has been passed on. If the process has ended, that is all that it
    /// wrote, even if another process holds the stream open.
    pub(crate) fn drain(&self) {
        let state = self.shared.state.lock();
        let changed = &self.shared.changed;
        drop(changed.wait_while(state, DRAIN_TIMEOUT, |state| state.is_behind()));
    }

    /// Whether the user sees the output.
    pub(crate) fn is_shown(&self) -> bool {
        self.shown
    }

    /// The last bytes that were read, as text.
    pub(crate) fn text(&self) -> String {
        printable(self.shared.state.lock().tail.make_contiguous())
    }
}

impl Drop for StderrTail {
    fn drop(&mut self) {
        // The sink runs code of the program, which may drop the last handle of this worker: then this is the reading
        // thread itself, and it cannot wait for its own end.
        let is_own = |thread: &JoinHandle<()>| thread.thread().id() == thread::current().id();
        let Some(thread) = self.thread.take().filter(|thread| !is_own(thread)) else {
            self.shared.state.lock().stop = Stop::Now;
            return;
        };
        let mut state = self.shared.state.lock();
        // Not joined if it cannot be woken: it owns all it uses, and ends with the stream.
        if !state.stop() {
            return;
        }
        // If another process keeps filling the stream, it is never empty.
        let changed = &self.shared.changed;
        state = changed.wait_while(state, DRAIN_TIMEOUT, |state| state.stream.is_some());
        state.stop = Stop::Now;
        drop(state);
        // Fails if a callback has panicked in it. The panic was printed, and only output is lost.
        let _ = thread.join();
    }
}

impl State {
    /// Makes the thread end. Returns false if it cannot be woken and will end with the stream.
    fn stop(&mut self) -> bool {
        match self.stream.as_deref() {
            None => true,
            Some(stream) if stream.is_readable() => {
                self.stop = Stop::WhenEmpty;
                true
            }
            Some(stream) => {
                self.stop = Stop::Now;
                stream.wake()
            }
        }
    }

    fn is_behind(&self) -> bool {
        self.passing_on || self.stream.as_deref().is_some_and(Errors::is_readable)
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.tail.extend(bytes);
        let excess = self.tail.len().saturating_sub(STDERR_TAIL);
        self.tail.drain(..excess);
    }
}

/// The thread's side. Dropping it marks the stream as ended, after a panic of the sink too.
struct Reading(Arc<Shared>);

impl Reading {
    fn run(self, stream: &Errors, sink: &mut dyn Sink) {
        let mut buffer = [0; 4096];
        while self.wait_readable(stream) {
            let Some(bytes) = self.read(stream, &mut buffer) else {
                break;
            };
            // Without the lock: it runs code of the program, or writes to a terminal that may be stopped.
            sink.push(bytes);
            self.passed_on();
        }
        sink.end();
    }

    /// Waits for output. Returns false if the thread is to stop and there is none.
    fn wait_readable(&self, stream: &Errors) -> bool {
        if self.0.state.lock().stop == Stop::WhenEmpty && !stream.is_readable() {
            return false;
        }
        // There is no lock over this and the check of `stop` in `read`: what stops the thread also makes the stream
        // readable, and a poll that begins later finds that too.
        stream.wait_readable().is_ok()
    }

    /// Reads what is there; `None` at the end. The lock covers both the read and the state: for `drain`, bytes are
    /// always either in the stream or being passed on.
    fn read<'a>(&self, stream: &Errors, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let mut state = self.0.state.lock();
        if state.stop == Stop::Now {
            return None;
        }
        // Does not block, although the pipe is in blocking mode: it is readable, and no other thread reads from it.
        let size = stream.read(buffer).ok()?;
        let bytes = buffer.get(..size).filter(|bytes| !bytes.is_empty())?;
        state.keep(bytes);
        state.passing_on = true;
        Some(bytes)
    }

    fn passed_on(&self) {
        self.0.state.lock().passing_on = false;
        self.0.changed.notify_all();
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.stream = None;
        state.passing_on = false;
        drop(state);
        self.0.changed.notify_all();
    }
}
