//! The standard error of a worker: kept for error texts, and passed on.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::process::ChildStderr;
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::sync::{Condvar, Mutex};

/// So much of the end of a worker's standard error is kept.
pub const STDERR_TAIL: usize = 64 * 1024;

/// What happens to the standard error of workers, beside that its end is kept for error texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Stderr {
    /// It goes to the standard error of this process.
    #[default]
    Forward,
    /// Nothing.
    Keep,
}

/// Reads a worker's standard error in a thread, until it ends or this is dropped.
#[derive(Debug)]
pub(crate) struct StderrTail {
    shared: Arc<Shared>,
    /// Dropped to stop the thread: a process that outlives the worker may hold the other end of its pipe.
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    tail: VecDeque<u8>,
    ended: bool,
}

impl StderrTail {
    pub(crate) fn start(name: &str, stderr: ChildStderr, policy: Stderr) -> io::Result<Self> {
        let (stopped, stop) = io::pipe()?;
        let shared = Arc::new(Shared::default());
        let writer = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name(format!("stderr of {name}"))
            .spawn(move || {
                copy(stderr, &stopped, &writer, policy);
                writer.state.lock().ended = true;
                writer.ended.notify_all();
            })?;
        Ok(Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The last bytes, as text; waits up to `patience` for the end of the stream.
    pub(crate) fn text(&self, patience: Duration) -> String {
        let state = self.shared.state.lock();
        let running = |state: &mut State| !state.ended;
        let mut state = self.shared.ended.wait_while(state, patience, running);
        crate::printable::printable(state.tail.make_contiguous())
    }
}

impl Drop for StderrTail {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // The thread runs nothing of ours that panics; if it did, its output is all that is lost.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn keep(&self, bytes: &[u8]) {
        let tail = &mut self.state.lock().tail;
        tail.extend(bytes);
        let excess = tail.len().saturating_sub(STDERR_TAIL);
        tail.drain(..excess);
    }
}

fn copy(mut stderr: ChildStderr, stopped: &PipeReader, shared: &Shared, policy: Stderr) {
    let mut buffer = [0; 4096];
    while wait_readable(&stderr, stopped) {
        let bytes = match stderr.read(&mut buffer) {
            Ok(size) if size > 0 => buffer.get(..size).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            _ => return,
        };
        shared.keep(bytes);
        if policy == Stderr::Forward {
            // Nowhere to complain if our own standard error is gone.
            let _ = io::stderr().write_all(bytes);
        }
    }
}

/// Waits for output; false once this is to stop and nothing more is there.
fn wait_readable(stderr: &ChildStderr, stopped: &PipeReader) -> bool {
    let mut ends = [
        PollFd::new(stderr, PollFlags::IN),
        PollFd::new(stopped, PollFlags::IN),
    ];
    loop {
        match poll(&mut ends, None) {
            Ok(_) => return !ends[0].revents().is_empty(),
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}
