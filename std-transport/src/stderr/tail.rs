//! The end of a standard error, and the thread that reads it.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, PipeReader, PipeWriter};
use std::process::ChildStderr;
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{read, retry_on_intr};

use super::{STDERR_TAIL, Sink};
use crate::printable::printable;
use crate::sync::{Condvar, Mutex};

/// How long a sink may take for what is there, and somebody else who has the stream may keep filling it.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

/// Reads a worker's standard error in a thread, until it ends or this is dropped.
#[derive(Debug)]
pub(crate) struct StderrTail {
    shared: Arc<Shared>,
    /// Dropped to stop the thread: a process that outlives the worker may hold the other end of its pipe.
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Something was passed on, or nothing more will be.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    tail: VecDeque<u8>,
    /// None once nobody reads it any more: whoever writes to it is to learn that.
    stream: Option<Arc<ChildStderr>>,
    /// The sink has not taken yet what the tail has.
    passing_on: bool,
}

impl StderrTail {
    pub(crate) fn start(
        name: &str,
        stderr: ChildStderr,
        mut sink: Box<dyn Sink>,
    ) -> io::Result<Self> {
        let (stopped, stop) = io::pipe()?;
        let stream = Arc::new(stderr);
        let state = State {
            tail: VecDeque::new(),
            stream: Some(Arc::clone(&stream)),
            passing_on: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::default(),
        });
        let reading = Reading(Arc::clone(&shared));
        let thread = thread::Builder::new()
            .name(format!("stderr of {name}"))
            .spawn(move || reading.run(&stream, &stopped, sink.as_mut()))?;
        Ok(Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Waits until all is read and passed on that the stream holds. Of a process that has ended that is all it wrote,
    /// also where another has the stream, and it will not end.
    pub(crate) fn drain(&self) {
        let state = self.shared.state.lock();
        let changed = &self.shared.changed;
        drop(changed.wait_while(state, DRAIN_PATIENCE, |state| state.is_behind()));
    }

    /// The last bytes that were read, as text.
    pub(crate) fn text(&self) -> String {
        printable(self.shared.state.lock().tail.make_contiguous())
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

impl State {
    fn is_behind(&self) -> bool {
        self.passing_on || self.stream.as_deref().is_some_and(is_readable)
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.tail.extend(bytes);
        let excess = self.tail.len().saturating_sub(STDERR_TAIL);
        self.tail.drain(..excess);
    }
}

/// The thread's side. It says that nothing more comes, however the thread ends.
struct Reading(Arc<Shared>);

impl Reading {
    fn run(self, stream: &ChildStderr, stopped: &PipeReader, sink: &mut dyn Sink) {
        let mut buffer = [0; 4096];
        while wait_readable(stream, stopped) {
            let Some(bytes) = self.read(stream, &mut buffer) else {
                break;
            };
            sink.push(bytes);
            self.passed_on();
        }
        sink.end();
    }

    /// What is there; none at the end. It is taken and kept in one step: whoever drains sees it in the stream, or here.
    fn read<'a>(&self, stream: &ChildStderr, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let mut state = self.0.state.lock();
        let size = retry_on_intr(|| read(stream, &mut *buffer)).ok()?;
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

/// Whether there is something, or the end.
fn is_readable(stderr: &ChildStderr) -> bool {
    let mut stream = [PollFd::new(stderr, PollFlags::IN)];
    matches!(poll(&mut stream, Some(&Timespec::default())), Ok(1))
}

/// Waits for output; false once this is to stop and nothing more is there.
fn wait_readable(stderr: &ChildStderr, stopped: &PipeReader) -> bool {
    let mut ends = [
        PollFd::new(stderr, PollFlags::IN),
        PollFd::new(stopped, PollFlags::IN),
    ];
    let polled = retry_on_intr(|| poll(&mut ends, None));
    polled.is_ok() && !ends[0].revents().is_empty()
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicBool, Ordering};
    use std::io::Write as _;
    use std::os::fd::OwnedFd;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// Says that it has a piece, and takes it when it is allowed to.
    struct Slow {
        begun: SyncSender<()>,
        allowed: Receiver<()>,
        taken: Arc<AtomicBool>,
    }

    impl Sink for Slow {
        fn push(&mut self, _: &[u8]) {
            self.begun.send(()).unwrap();
            self.allowed.recv().unwrap();
            self.taken.store(true, Ordering::SeqCst);
        }
    }

    fn behind(tail: &StderrTail) -> bool {
        tail.shared.state.lock().is_behind()
    }

    #[test]
    fn what_is_there_is_read_and_passed_on_though_the_stream_does_not_end() {
        let (stream, mut writer) = io::pipe().unwrap();
        let ((begun, has_begun), (allow, allowed)) = (sync_channel(0), sync_channel(0));
        let taken = Arc::new(AtomicBool::new(false));
        let sink = Slow {
            begun,
            allowed,
            taken: Arc::clone(&taken),
        };
        let stream = ChildStderr::from(OwnedFd::from(stream));
        let tail = StderrTail::start("gw0", stream, Box::new(sink)).unwrap();
        assert!(!behind(&tail));
        writer.write_all(b"last words").unwrap();
        assert!(behind(&tail));
        has_begun.recv().unwrap();
        assert!(behind(&tail));
        allow.send(()).unwrap();
        tail.drain();
        assert!(taken.load(Ordering::SeqCst));
        assert_eq!(tail.text(), "last words");
        drop(writer);
    }
}
