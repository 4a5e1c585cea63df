//! Receivers that read the link themselves: what else happens on the gateway must not wait for them, nor they for it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io;
use std::thread::{self, JoinHandle};

use execnet_core_sync::frame::MessageCode;
use execnet_core_sync::link::{Link, NoControl, Readiness, Ready};
use execnet_core_sync::testing::{self, PIPE_CAPACITY, Script, Valve, within};
use execnet_core_sync::{Channel, DisconnectReason, Gateway, GatewayConfig, ReceiveError, Role};

use support::{LIMIT, SOON, exec, expect};

/// Counts the waits of receivers that read.
struct Counted {
    valve: Valve,
    waits: AtomicUsize,
    fails: bool,
}

impl Readiness for Counted {
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready> {
        self.waits.fetch_add(1, Ordering::SeqCst);
        match self.fails {
            true => Err(io::ErrorKind::Unsupported.into()),
            false => self.valve.wait(timeout),
        }
    }

    fn interrupt(&self) {
        self.valve.interrupt();
    }
}

struct Setting {
    gateway: Gateway,
    peer: Script,
    readiness: Arc<Counted>,
}

fn setting(fails: bool) -> Setting {
    let (reader, writer, peer) = testing::scripted_halves(PIPE_CAPACITY);
    let readiness = Arc::new(Counted {
        valve: reader.valve(),
        waits: AtomicUsize::new(0),
        fails,
    });
    let link = Link::from_std(reader, writer, Arc::new(NoControl));
    let link = link.with_readiness(readiness.clone());
    let gateway = Gateway::new(link, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
    Setting {
        gateway,
        peer,
        readiness,
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

/// Runs a test with a thread that waits for an answer, and most likely reads the link while it does.
fn asking<T: Send + 'static>(
    then: fn(&Channel, Result<(), ReceiveError>) -> T,
    body: impl FnOnce(Setting, Channel, JoinHandle<T>) + Send + 'static,
) {
    within(LIMIT, move || {
        let mut setting = setting(false);
        let channel = exec(&setting.gateway, &mut setting.peer);
        let asking = ask(&channel, then);
        while setting.readiness.waits.load(Ordering::SeqCst) == 0 {
            expect(&mut setting.peer, MessageCode::ChannelData, channel.id());
            setting.peer.send(channel.id(), 1).unwrap();
        }
        expect(&mut setting.peer, MessageCode::ChannelData, channel.id());
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
        assert!(setting.gateway.join(Some(SOON)));
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
        assert!(setting.readiness.waits.load(Ordering::SeqCst) <= 1);
    });
}
