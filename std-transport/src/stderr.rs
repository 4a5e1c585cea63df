//! The standard error of a worker: kept for error texts, and passed on.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::process::ChildStderr;
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::printable::printable;
use crate::sync::{Condvar, Mutex};

/// So much of the end of a worker's standard error is kept.
pub const STDERR_TAIL: usize = 64 * 1024;

/// What happens to the standard error of workers, beside that its end is kept for error texts.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// let lines = Arc::new(Mutex::new(Vec::new()));
/// let sink = Arc::clone(&lines);
/// let mut options = execnet::GroupOptions::default();
/// options.stderr = execnet::Stderr::lines(move |id, line| {
///     if let Ok(mut lines) = sink.lock() {
///         lines.push(format!("{id}: {line}"));
///     }
/// });
/// options.stdout = execnet::Stdout::Stderr;
/// let group = execnet::Group::with_options(options);
/// # drop(group);
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Stderr {
    /// Each line goes to the standard error of this process, behind the gateway's id in brackets. What would control a
    /// terminal is escaped.
    #[default]
    Forward,
    /// Nothing.
    Keep,
    /// Each line goes to a function.
    Lines(LineSink),
}

/// Takes the id of a gateway and a line without its end.
///
/// It is called in a thread of the gateway, for one line at a time. What it holds up is that worker's standard error,
/// and the end of its gateway: it is to be short.
pub type LineSink = Arc<dyn Fn(&str, &str) + Send + Sync>;

impl Stderr {
    /// Each line, as it was written, goes to `sink`, with the id of the gateway in front.
    pub fn lines(sink: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self::Lines(Arc::new(sink))
    }

    fn pass_on(&self, id: &str, line: &[u8]) {
        match self {
            Self::Keep => {}
            Self::Lines(sink) => sink(id, &String::from_utf8_lossy(line)),
            Self::Forward => {
                let line = format!("[{id}] {}\n", printable(line));
                // Nowhere to complain if our own standard error is gone.
                let _ = io::stderr().write_all(line.as_bytes());
            }
        }
    }
}

impl fmt::Debug for Stderr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forward => "Forward",
            Self::Keep => "Keep",
            Self::Lines(_) => "Lines",
        })
    }
}

/// A line longer than this is passed on in pieces.
const MAX_LINE: usize = 64 * 1024;

/// Cuts a stream into lines.
#[derive(Debug)]
struct Lines {
    id: String,
    policy: Stderr,
    begun: Vec<u8>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        if matches!(self.policy, Stderr::Keep) {
            return;
        }
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.begun.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.begun.len() >= MAX_LINE {
                self.flush();
            }
        }
    }

    fn flush(&mut self) {
        let line = self.begun.strip_suffix(b"\n").unwrap_or(&self.begun);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.policy.pass_on(&self.id, line);
        self.begun.clear();
    }

    /// A last line may have no end.
    fn end(mut self) {
        if !self.begun.is_empty() {
            self.flush();
        }
    }
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
        let lines = Lines {
            id: name.to_owned(),
            policy,
            begun: Vec::new(),
        };
        let thread = thread::Builder::new()
            .name(format!("stderr of {name}"))
            .spawn(move || {
                let ending = Ending(writer);
                copy(stderr, &stopped, &ending.0, lines);
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
        printable(state.tail.make_contiguous())
    }
}

impl Drop for StderrTail {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A function of the user may have panicked in it: its output is all that is lost.
            let _ = thread.join();
        }
    }
}

/// Says that nothing more comes, however the thread ends.
struct Ending(Arc<Shared>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.state.lock().ended = true;
        self.0.ended.notify_all();
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

fn copy(mut stderr: ChildStderr, stopped: &PipeReader, shared: &Shared, mut lines: Lines) {
    let mut buffer = [0; 4096];
    while wait_readable(&stderr, stopped) {
        let bytes = match stderr.read(&mut buffer) {
            Ok(size) if size > 0 => buffer.get(..size).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            _ => break,
        };
        shared.keep(bytes);
        lines.push(bytes);
    }
    lines.end();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_at_their_ends_and_where_they_are_too_long() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        let mut lines = Lines {
            id: "gw7".to_owned(),
            policy: Stderr::lines(move |id, line| sink.lock().push(format!("{id} {line}"))),
            begun: Vec::new(),
        };
        lines.push(b"one\ntw");
        lines.push(b"o\r\n\n");
        lines.push(&[b'x'; MAX_LINE]);
        lines.push(b"\xff");
        lines.end();
        let long = format!("gw7 {}", "x".repeat(MAX_LINE));
        let expected = ["gw7 one", "gw7 two", "gw7 ", &long, "gw7 \u{fffd}"];
        assert_eq!(*seen.lock(), expected);
    }
}
