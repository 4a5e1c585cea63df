//! A receiver that reads the link itself, and what else happens meanwhile.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io;

use execnet_core_sync::frame::{FrameReader, Header, MessageCode};
use execnet_core_sync::link::{Link, NoControl, Readiness, Ready};
use execnet_core_sync::{Channel, Gateway, GatewayConfig, ReceiveError, Role};
use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::model;
use crate::scene::frame_of;

/// How often a receiver has waited for the link, in all models: where that is never, nothing was tried.
static READS: AtomicUsize = AtomicUsize::new(0);

/// A peer that sends every item back at once, and leaves when it is said goodbye to.
#[derive(Default)]
struct Echo {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    answers: VecDeque<Vec<u8>>,
    gone: bool,
    /// Who waits for something to read is called away.
    away: bool,
}

struct Reading(Arc<Echo>);

struct Writing(Arc<Echo>);

impl Echo {
    /// Waits until `next` gives something.
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

impl Readiness for Echo {
    fn wait(&self, _: Option<Duration>) -> io::Result<Ready> {
        READS.fetch_add(1, Ordering::Relaxed);
        Ok(self.wait(|state| {
            if core::mem::take(&mut state.away) {
                Some(Ready::Away)
            } else {
                let ready = state.gone || !state.answers.is_empty();
                ready.then_some(Ready::Read)
            }
        }))
    }

    fn interrupt(&self) {
        self.change(|state| state.away = true);
    }
}

fn try_out(body: impl Fn() + Send + Sync + 'static) {
    model(2, body);
    assert!(READS.load(Ordering::Relaxed) > 0, "no receiver has read");
}

/// A gateway whose two sides have talked in turns, so that who receives reads.
fn in_turns() -> (Gateway, Channel) {
    let echo = Arc::new(Echo::default());
    let link = Link::from_std(
        Reading(echo.clone()),
        Writing(echo.clone()),
        Arc::new(NoControl),
    );
    let config = GatewayConfig::new("gw0", Role::Initiator);
    let gateway = Gateway::new(link.with_readiness(echo), config).unwrap();
    let channel = gateway.newchannel().unwrap();
    (0..3).for_each(|number| echoes(&channel, number));
    (gateway, channel)
}

fn echoes(channel: &Channel, number: i64) {
    channel.send(number).unwrap();
    assert_eq!(channel.receive().unwrap().as_i64(), Some(number));
}

fn end(gateway: &Gateway) {
    gateway.exit();
    assert!(gateway.join(None));
}

/// Somebody else waits for an item of another channel, which only who reads can bring.
#[test]
fn one_who_reads_brings_the_items_of_others() {
    try_out(|| {
        let (gateway, channel) = in_turns();
        let other = gateway.newchannel().unwrap();
        let talk = thread::spawn(move || echoes(&other, 10));
        echoes(&channel, 11);
        talk.join().unwrap();
        end(&gateway);
    });
}

/// Nothing comes any more for one who reads when its channel is closed here.
#[test]
fn one_who_reads_is_called_away_by_the_close() {
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

/// The farewell is written, and the end of the stream read, while somebody reads.
#[test]
fn one_who_reads_sees_the_gateway_exit() {
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
        assert!(gateway.join(None));
    });
}
