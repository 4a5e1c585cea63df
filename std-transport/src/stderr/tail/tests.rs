//! Tests of the thread that reads a standard error: what it keeps, and when it ends.

use core::sync::atomic::{AtomicBool, Ordering};
use std::io::Write as _;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::*;
use crate::sys::errors_pipe;

/// Reports that it has bytes, and returns when it is allowed to.
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
fn a_drain_waits_for_the_bytes_in_the_stream_and_not_for_its_end() {
    let (stream, mut writer) = errors_pipe().unwrap();
    let ((begun, has_begun), (allow, allowed)) = (sync_channel(0), sync_channel(0));
    let taken = Arc::new(AtomicBool::new(false));
    let sink = Slow {
        begun,
        allowed,
        taken: Arc::clone(&taken),
    };
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

/// Writes to the stream whenever it gets bytes: the stream is never empty.
#[cfg(unix)]
struct Echo(io::PipeWriter);

#[cfg(unix)]
impl Sink for Echo {
    fn push(&mut self, _: &[u8]) {
        let _ = self.0.write_all(b"more");
    }
}

#[cfg(unix)]
fn dropped(tail: StderrTail) -> Receiver<()> {
    let (sender, dropped) = sync_channel(1);
    thread::spawn(move || {
        drop(tail);
        sender.send(()).unwrap();
    });
    dropped
}

#[test]
#[cfg(unix)]
fn a_stream_that_another_process_keeps_filling_does_not_hold_up_a_drop() {
    let (stream, mut writer) = errors_pipe().unwrap();
    let sink = Box::new(Echo(writer.try_clone().unwrap()));
    let tail = StderrTail::start("gw0", stream, sink).unwrap();
    writer.write_all(b"first").unwrap();
    let dropped = dropped(tail);
    dropped.recv_timeout(Duration::from_secs(60)).unwrap();
}

/// The other end of the pipe stays open, as if a process that the worker has started held it.
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
        let (stream, mut writer) = errors_pipe().unwrap();
        let (sender, passed_on) = sync_channel(8);
        let tail = StderrTail::start("gw0", stream, Box::new(Sent(sender))).unwrap();
        writer.write_all(text).unwrap();
        drop(tail);
        // The sink is gone with the thread, and no byte of ours went through it.
        let seen: Vec<u8> = passed_on.iter().flatten().collect();
        assert_eq!(seen, text);
        drop(writer);
    }
}
