//! A receiver that reads the link itself, concurrent with other operations.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io;

use execnet_core_sync::frame::{FrameReader, Header, MessageCode};
use execnet_core_sync::link::{Interruptible, Link, NoControl, PollReader, Poller, Readable};
use execnet_core_sync::{Channel, Gateway, GatewayConfig, ReceiveError, Role};
use loom::sync::atomic::AtomicUsize as LoomUsize;
use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::model;
use crate::scene::frame_of;

/// Number of times that a receiver has polled the link, in all models. If it is zero, the models have tried nothing.
static READS: AtomicUsize = AtomicUsize::new(0);

/// A peer that sends every item back at once, and ends when the gateway exits.
#[derive(Default)]
struct Echo {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    answers: VecDeque<Vec<u8>>,
    gone: bool,
    /// Number of bytes in the wake-up pipe.
    wakes: usize,
}

struct Reading(Arc<Echo>);

struct Writing(Arc<Echo>);

impl Echo {
    /// Waits until `next` returns a value.
    fn wait<T>(&self, mut next: impl FnMut(&mut State) -> Option<T>) -> T {
        let mut state = self.state.lock().unwrap();
        loop {
            match next(&mut state) {
                Some(found) => return found,
                None => state = self.changed.wait(state).unwrap(),
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }
}

impl io::Read for Reading {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let answer = self.0.wait(|state| match state.answers.pop_front() {
            None if state.gone => Some(Vec::new()),
            answer => answer,
        });
        room[..answer.len()].copy_from_slice(&answer);
        Ok(answer.len())
    }
}

impl io::Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut frames = FrameReader::with_capacity(Header::SIZE, bytes, 1000);
        while let Some(frame) = frames.next_frame().unwrap() {
            self.0.change(|state| match frame.code {
                MessageCode::ChannelData => {
                    let answer = frame_of(frame.code, frame.channel, &frame.payload);
                    state.answers.push_back(answer);
                }
                MessageCode::GatewayTerminate => state.gone = true,
                _ => {}
            });
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The link and the wake-up pipe, as the code under test polls them.
struct LinkAndPipe(Arc<Echo>);

impl Poller for LinkAndPipe {
    fn poll(&self, _: Option<Duration>) -> io::Result<Readable> {
        READS.fetch_add(1, Ordering::Relaxed);
        Ok(self.0.wait(|state| {
            let link = state.gone || !state.answers.is_empty();
            let wake = state.wakes > 0;
            (link || wake).then_some(Readable { link, wake })
        }))
    }

    fn write_wake(&self) {
        self.0.change(|state| {
            state.wakes += 1;
            assert!(state.wakes == 1, "the pipe could fill up, and block");
        });
    }

    fn read_wake(&self) -> io::Result<()> {
        self.0
            .wait(|state| state.wakes.checked_sub(1).map(|left| state.wakes = left));
        Ok(())
    }
}

fn try_out(body: impl Fn() + Send + Sync + 'static) {
    model(2, body);
    assert!(READS.load(Ordering::Relaxed) > 0, "no receiver has read");
}

/// A gateway whose two sides have played ping-pong, so that receivers get the read lease.
fn in_turns() -> (Gateway, Channel) {
    let echo = Arc::new(Echo::default());
    let link = Link::from_std(
        Reading(echo.clone()),
        Writing(echo.clone()),
        Arc::new(NoControl),
    );
    let config = GatewayConfig::new("gw0", Role::Initiator);
    let poll_reader = Interruptible::new(LinkAndPipe(echo));
    let gateway = Gateway::new(link.with_poll_reader(Arc::new(poll_reader)), config).unwrap();
    let channel = gateway.new_channel().unwrap();
    (0..3).for_each(|number| echoes(&channel, number));
    (gateway, channel)
}

fn echoes(channel: &Channel, number: i64) {
    channel.send(number).unwrap();
    assert_eq!(channel.receive().unwrap().as_i64(), Some(number));
}

fn end(gateway: &Gateway) {
    gateway.exit();
    assert!(gateway.join());
}

/// Another thread waits for an item of another channel, which only the thread that reads can deliver.
#[test]
fn a_receiver_that_reads_delivers_the_items_of_others() {
    try_out(|| {
        let (gateway, channel) = in_turns();
        let other = gateway.new_channel().unwrap();
        let talk = thread::spawn(move || echoes(&other, 10));
        echoes(&channel, 11);
        talk.join().unwrap();
        end(&gateway);
    });
}

/// After its channel is closed here, no frame comes that would end the wait of the receiver.
#[test]
fn closing_the_channel_interrupts_a_receiver_that_reads() {
    try_out(|| {
        let (gateway, channel) = in_turns();
        let closing = channel.clone();
        let closer = thread::spawn(move || closing.close());
        let received = channel.receive();
        assert!(
            matches!(received, Err(ReceiveError::Closed)),
            "{received:?}"
        );
        closer.join().unwrap();
        end(&gateway);
    });
}

/// TERMINATE is written, and the end of the stream arrives, while a receiver reads.
#[test]
fn a_receiver_that_reads_sees_the_gateway_exit() {
    try_out(|| {
        let (gateway, channel) = in_turns();
        let exiting = gateway.clone();
        let leaver = thread::spawn(move || exiting.exit());
        let received = channel.receive();
        assert!(
            matches!(received, Err(ReceiveError::Disconnected(_))),
            "{received:?}"
        );
        leaver.join().unwrap();
        assert!(gateway.join());
    });
}

/// A thread waits again until it has seen the last of several interrupts: after a lost one it would wait forever.
#[test]
fn no_interrupt_is_lost() {
    model(3, || {
        let ready = Arc::new(Interruptible::new(LinkAndPipe(Arc::default())));
        let sent = Arc::new(LoomUsize::new(0));
        let (interrupting, counter) = (ready.clone(), sent.clone());
        let interrupter = thread::spawn(move || {
            for number in 1..=3 {
                counter.store(number, Ordering::Release);
                interrupting.interrupt();
            }
        });
        while sent.load(Ordering::Acquire) < 3 {
            ready.wait(None).unwrap();
        }
        interrupter.join().unwrap();
    });
}

/// Two threads interrupt at the same time: the changes that each made before are visible after the wait.
#[test]
fn interrupts_of_two_threads_are_both_seen() {
    model(3, || {
        let ready = Arc::new(Interruptible::new(LinkAndPipe(Arc::default())));
        let sent = Arc::new(LoomUsize::new(0));
        let interrupters = [(); 2].map(|()| {
            let (ready, sent) = (ready.clone(), sent.clone());
            thread::spawn(move || {
                sent.fetch_add(1, Ordering::Relaxed);
                ready.interrupt();
            })
        });
        while sent.load(Ordering::Relaxed) < 2 {
            ready.wait(None).unwrap();
        }
        for interrupter in interrupters {
            interrupter.join().unwrap();
        }
    });
}
