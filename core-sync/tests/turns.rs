//! Receivers that read the link themselves: what else happens on the gateway must not wait for them, nor they for it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use execnet_core_sync::frame::MessageCode;
use execnet_core_sync::link::{Link, NoControl, PollReader, Ready};
use execnet_core_sync::testing::{self, PIPE_CAPACITY, Script, Valve, within};
use execnet_core_sync::{Channel, DisconnectReason, Gateway, GatewayConfig, ReceiveError, Role};

use support::{LIMIT, SOON, exec, expect};

/// Counts the waits of receivers that read.
struct Counted {
    valve: Valve,
    waits: AtomicUsize,
    is_waited_for: AtomicBool,
    fails: bool,
}

impl Counted {
    /// Whether a receiver waits for the link, or does so in a moment.
    fn is_waited_for(&self) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(20) {
            if self.is_waited_for.load(Ordering::SeqCst) {
                return true;
            }
            thread::yield_now();
        }
        false
    }
}

impl PollReader for Counted {
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        self.waits.fetch_add(1, Ordering::SeqCst);
        if self.fails {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.is_waited_for.store(true, Ordering::SeqCst);
        let ready = self.valve.wait(timeout);
        self.is_waited_for.store(false, Ordering::SeqCst);
        ready
    }

    fn interrupt(&self) {
        self.valve.interrupt();
    }
}

/// One half of a link, whose next use panics once it is armed.
struct Armed<T>(T, Arc<AtomicBool>);

impl<T> Armed<T> {
    fn used(&self) {
        assert!(
            !self.1.swap(false, Ordering::SeqCst),
            "this panic is part of the test"
        );
    }
}

impl<T: Read> Read for Armed<T> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.used();
        self.0.read(room)
    }
}

impl<T: Write> Write for Armed<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.used();
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Setting {
    gateway: Gateway,
    peer: Script,
    poll_reader: Arc<Counted>,
    /// Has the next read, or the next write, panic.
    read_panics: Arc<AtomicBool>,
    write_panics: Arc<AtomicBool>,
}

fn setting(fails: bool) -> Setting {
    let (reader, writer, peer) = testing::scripted_halves(PIPE_CAPACITY);
    let poll_reader = Arc::new(Counted {
        valve: reader.valve(),
        waits: AtomicUsize::new(0),
        is_waited_for: AtomicBool::new(false),
        fails,
    });
    let [read_panics, write_panics] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let link = Link::from_std(
        Armed(reader, read_panics.clone()),
        Armed(writer, write_panics.clone()),
        Arc::new(NoControl),
    );
    let link = link.with_poll_reader(poll_reader.clone());
    let gateway = Gateway::new(link, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
    Setting {
        gateway,
        peer,
        poll_reader,
        read_panics,
        write_panics,
    }
}

/// A thread that asks and receives answers, until one is no int or there comes none. Then it does something else.
fn ask<T: Send + 'static>(
    channel: &Channel,
    then: fn(&Channel, Result<(), ReceiveError>) -> T,
) -> JoinHandle<T> {
    let channel = channel.clone();
    thread::spawn(move || {
        loop {
            channel.send(1).unwrap();
            match channel.receive() {
                Ok(item) if item.as_i64().is_some() => {}
                other => return then(&channel, other.map(drop)),
            }
        }
    })
}

/// Runs a test with a thread that reads the link while it waits for an answer.
fn asking<T: Send + 'static>(
    then: fn(&Channel, Result<(), ReceiveError>) -> T,
    body: impl FnOnce(Setting, Channel, JoinHandle<T>) + Send + 'static,
) {
    within(LIMIT, move || {
        let mut setting = setting(false);
        let channel = exec(&setting.gateway, &mut setting.peer);
        let asking = ask(&channel, then);
        loop {
            expect(&mut setting.peer, MessageCode::ChannelData, channel.id());
            // Once it reads, it reads until something comes, as the earlier answers have been received.
            if setting.poll_reader.is_waited_for() {
                break;
            }
            setting.peer.send(channel.id(), 1).unwrap();
        }
        body(setting, channel, asking);
    });
}

fn end(_: &Channel, received: Result<(), ReceiveError>) -> ReceiveError {
    received.unwrap_err()
}

#[test]
fn closing_a_channel_calls_its_receiver_away_from_the_link() {
    asking(end, |_setting, channel, asking| {
        channel.close();
        assert!(matches!(asking.join().unwrap(), ReceiveError::Closed));
    });
}

#[test]
fn setting_a_callback_calls_the_receiver_away_from_the_link() {
    asking(end, |_setting, channel, asking| {
        channel.set_callback(drop).unwrap();
        assert!(matches!(asking.join().unwrap(), ReceiveError::HasCallback));
    });
}

#[test]
fn the_end_of_the_link_reaches_a_receiver_that_reads_it() {
    asking(end, |mut setting, _channel, asking| {
        setting.peer.hang_up();
        let ReceiveError::Disconnected(lost) = asking.join().unwrap() else {
            panic!("the link has ended");
        };
        assert!(matches!(lost.reason(), DisconnectReason::EndOfStream));
        assert!(setting.gateway.join_timeout(SOON));
        // The gateway is still here, and holds no descriptor of the link.
        assert_eq!(Arc::strong_count(&setting.poll_reader), 1);
    });
}

#[test]
fn a_link_that_panics_while_a_receiver_reads_it_ends_the_gateway() {
    asking(end, |mut setting, channel, asking| {
        setting.read_panics.store(true, Ordering::SeqCst);
        setting.peer.send(channel.id(), 1).unwrap();
        assert!(asking.join().is_err(), "the panic is the receiver's");
        let ReceiveError::Disconnected(lost) = channel.receive_timeout(SOON).unwrap_err() else {
            panic!("nothing was received");
        };
        assert!(matches!(lost.reason(), DisconnectReason::Panicked));
    });
}

#[test]
fn a_link_that_panics_in_a_write_calls_the_receiver_away() {
    asking(end, |mut setting, _channel, asking| {
        let other = exec(&setting.gateway, &mut setting.peer);
        setting.write_panics.store(true, Ordering::SeqCst);
        // A thread of the gateway says so to the peer.
        other.close();
        let ReceiveError::Disconnected(lost) = asking.join().unwrap() else {
            panic!("nothing was received");
        };
        assert!(matches!(lost.reason(), DisconnectReason::Panicked));
    });
}

#[test]
fn a_receiver_that_reads_no_frame_has_the_gateway_end() {
    asking(end, |mut setting, _channel, asking| {
        setting.peer.write_raw(b"a banner!").unwrap();
        let ReceiveError::Disconnected(lost) = asking.join().unwrap() else {
            panic!("the peer broke the protocol");
        };
        assert!(matches!(lost.reason(), DisconnectReason::Protocol(_)));
    });
}

#[test]
fn a_receiver_that_reads_hands_others_their_items() {
    asking(end, |mut setting, channel, asking| {
        let other = exec(&setting.gateway, &mut setting.peer);
        setting.peer.send(other.id(), 7).unwrap();
        let item = other.receive_timeout(SOON).unwrap();
        assert_eq!(item.as_i64(), Some(7));
        channel.close();
        asking.join().unwrap();
    });
}

#[test]
fn half_a_frame_holds_no_timeout_up() {
    fn receive_soon(channel: &Channel, _: Result<(), ReceiveError>) -> ReceiveError {
        let received = channel.receive_timeout(Duration::from_millis(20));
        received.unwrap_err()
    }
    asking(receive_soon, |mut setting, channel, asking| {
        setting.peer.send(channel.id(), ()).unwrap();
        let frame = b"\x04\0\0\0\x01\0\0\0\x06F\0\0\0\x09Q";
        let (begin, rest) = frame.split_at(11);
        setting.peer.write_raw(begin).unwrap();
        assert!(matches!(asking.join().unwrap(), ReceiveError::Timeout));
        setting.peer.write_raw(rest).unwrap();
        let item = channel.receive_timeout(SOON).unwrap();
        assert_eq!(item.as_i64(), Some(9));
    });
}

#[test]
fn a_receiver_that_reads_in_vain_waits_once_and_in_time() {
    fn receive_soon(channel: &Channel, _: Result<(), ReceiveError>) -> ReceiveError {
        // Long enough for the gateway's own reader to wait until it is called.
        let received = channel.receive_timeout(Duration::from_millis(50));
        received.unwrap_err()
    }
    asking(receive_soon, |mut setting, channel, asking| {
        let before = setting.poll_reader.waits.load(Ordering::SeqCst);
        setting.peer.send(channel.id(), ()).unwrap();
        assert!(matches!(asking.join().unwrap(), ReceiveError::Timeout));
        let waits = setting.poll_reader.waits.load(Ordering::SeqCst) - before;
        assert!(waits <= 3, "{waits} waits in which nothing came");
        // It has left the link to the gateway: nobody waits there now.
        let id = execnet_serializer::ChannelId(2);
        setting.peer.write(MessageCode::Status, id, b"").unwrap();
        expect(&mut setting.peer, MessageCode::ChannelCloseError, id);
    });
}

#[test]
fn the_link_is_read_when_a_receiver_has_left_it() {
    fn leave(_: &Channel, received: Result<(), ReceiveError>) {
        received.unwrap();
    }
    asking(leave, |mut setting, channel, asking| {
        setting.peer.send(channel.id(), ()).unwrap();
        asking.join().unwrap();
        // Nobody waits on the gateway.
        let id = execnet_serializer::ChannelId(2);
        setting.peer.write(MessageCode::Status, id, b"").unwrap();
        expect(&mut setting.peer, MessageCode::ChannelCloseError, id);
    });
}

#[test]
fn a_link_that_cannot_be_waited_for_is_read_by_the_gateway() {
    within(LIMIT, || {
        let mut setting = setting(true);
        let channel = exec(&setting.gateway, &mut setting.peer);
        let asking = ask(&channel, end);
        for _ in 0..200 {
            expect(&mut setting.peer, MessageCode::ChannelData, channel.id());
            setting.peer.send(channel.id(), 1).unwrap();
        }
        // It has asked once more, and waits.
        expect(&mut setting.peer, MessageCode::ChannelData, channel.id());
        channel.close();
        asking.join().unwrap();
        assert!(setting.poll_reader.waits.load(Ordering::SeqCst) <= 1);
    });
}
