//! The end of a standard error, and the thread that reads it.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::process::ChildStderr;
use std::thread::{self, JoinHandle};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
#[cfg(target_os = "linux")]
use rustix::io::Errno;
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
    shown: bool,
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
    stop: Stop,
}

/// When the thread is to end before the stream does: a process that outlives the worker may hold its other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stop {
    #[default]
    Never,
    /// Once the stream holds nothing more.
    WhenEmpty,
    /// As soon as it wakes.
    Now,
}

impl StderrTail {
    pub(crate) fn start(
        name: &str,
        stderr: ChildStderr,
        mut sink: Box<dyn Sink>,
    ) -> io::Result<Self> {
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

    /// Waits until all is read and passed on that the stream holds. Of a process that has ended that is all it wrote,
    /// also where another has the stream, and it will not end.
    pub(crate) fn drain(&self) {
        let state = self.shared.state.lock();
        let changed = &self.shared.changed;
        drop(changed.wait_while(state, DRAIN_PATIENCE, |state| state.is_behind()));
    }

    /// Whether a user sees all that comes.
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
        // The sink is the program's, and can drop the last handle of its own worker: a thread cannot wait for itself.
        let is_own = |thread: &JoinHandle<()>| thread.thread().id() == thread::current().id();
        let Some(thread) = self.thread.take().filter(|thread| !is_own(thread)) else {
            self.shared.state.lock().stop = Stop::Now;
            return;
        };
        let mut state = self.shared.state.lock();
        if !state.stop() {
            return;
        }
        // Another process that has the stream may keep filling it: then it never is empty.
        let changed = &self.shared.changed;
        state = changed.wait_while(state, DRAIN_PATIENCE, |state| state.stream.is_some());
        state.stop = Stop::Now;
        drop(state);
        // A function of the user may have panicked in it: its output is all that is lost.
        let _ = thread.join();
    }
}

impl State {
    /// Has the thread end; false where it cannot be woken, and lasts as long as the stream.
    fn stop(&mut self) -> bool {
        match self.stream.as_deref() {
            None => true,
            Some(stream) if is_readable(stream) => {
                self.stop = Stop::WhenEmpty;
                true
            }
            Some(stream) => {
                self.stop = Stop::Now;
                wake(stream)
            }
        }
    }

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
    fn run(self, stream: &ChildStderr, sink: &mut dyn Sink) {
        let mut buffer = [0; 4096];
        while self.wait_readable(stream) {
            let Some(bytes) = self.read(stream, &mut buffer) else {
                break;
            };
            sink.push(bytes);
            self.passed_on();
        }
        sink.end();
    }

    /// Waits for output; false once this is to stop and nothing more is there.
    fn wait_readable(&self, stream: &ChildStderr) -> bool {
        if self.0.state.lock().stop == Stop::WhenEmpty && !is_readable(stream) {
            return false;
        }
        let mut ends = [PollFd::new(stream, PollFlags::IN)];
        retry_on_intr(|| poll(&mut ends, None)).is_ok()
    }

    /// What is there; none at the end. It is taken and kept in one step: whoever drains sees it in the stream, or here.
    fn read<'a>(&self, stream: &ChildStderr, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let mut state = self.0.state.lock();
        if state.stop == Stop::Now {
            return None;
        }
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

/// Wakes the thread that polls the stream, by a byte that nobody reads. The pipe is opened for writing just for that: one
/// that stayed open would keep the stream from ending.
#[cfg(target_os = "linux")]
fn wake(stderr: &ChildStderr) -> bool {
    use rustix::fs::{Mode, OFlags, open};
    use std::os::fd::AsRawFd as _;

    let path = format!("/proc/self/fd/{}", stderr.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let writer = open(path, flags, Mode::empty());
    // A pipe that is full wakes it too.
    writer.is_ok_and(|writer| matches!(rustix::io::write(writer, &[0]), Ok(_) | Err(Errno::AGAIN)))
}

#[cfg(not(target_os = "linux"))]
fn wake(_: &ChildStderr) -> bool {
    false
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

    /// It writes to the stream whenever it gets something: the stream is never empty.
    struct Echo(io::PipeWriter);

    impl Sink for Echo {
        fn push(&mut self, _: &[u8]) {
            let _ = self.0.write_all(b"more");
        }
    }

    fn dropped(tail: StderrTail) -> Receiver<()> {
        let (sender, dropped) = sync_channel(1);
        thread::spawn(move || {
            drop(tail);
            sender.send(()).unwrap();
        });
        dropped
    }

    #[test]
    fn a_stream_that_another_process_keeps_filling_is_left() {
        let (stream, mut writer) = io::pipe().unwrap();
        let stream = ChildStderr::from(OwnedFd::from(stream));
        let sink = Box::new(Echo(writer.try_clone().unwrap()));
        let tail = StderrTail::start("gw0", stream, sink).unwrap();
        writer.write_all(b"first").unwrap();
        let dropped = dropped(tail);
        dropped.recv_timeout(Duration::from_secs(60)).unwrap();
    }

    /// The other end of the pipe stays open, as where a process that the worker has started holds it.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_thread_ends_though_the_stream_does_not() {
        struct Sent(SyncSender<Vec<u8>>);
        impl Sink for Sent {
            fn push(&mut self, bytes: &[u8]) {
                self.0.send(bytes.to_vec()).unwrap();
            }
        }
        for text in [&b""[..], b"last words"] {
            let (stream, mut writer) = io::pipe().unwrap();
            let (sender, passed_on) = sync_channel(8);
            let stream = ChildStderr::from(OwnedFd::from(stream));
            let tail = StderrTail::start("gw0", stream, Box::new(Sent(sender))).unwrap();
            writer.write_all(text).unwrap();
            drop(tail);
            // The sink is gone with the thread, and no byte of ours went through it.
            let seen: Vec<u8> = passed_on.iter().flatten().collect();
            assert_eq!(seen, text);
            drop(writer);
        }
    }
}
