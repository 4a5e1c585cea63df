//! Races, in all orders in which threads can take their turns: loom runs each model again and again, and fails where a
//! thread waits that nobody will wake. `scripts/test loom` runs it, which is
//!
//! ```sh
//! RUSTFLAGS='--cfg loom' cargo test --release -p execnet-core-sync --test loom --target-dir target/loom
//! ```
//!
//! All orders would take hours: those are tried in which threads are interrupted so many times at most as a model says, or
//! `LOOM_MAX_PREEMPTIONS`. Being interrupted is what is counted; a thread that waits takes no part in it.
#![cfg(loom)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    reason = "a test fails by panicking, and loom's locks are no others"
)]

extern crate alloc;

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;
use std::sync::mpsc;

use embedded_io::Write as _;
use execnet_core_sync::frame::{FrameBuf, FrameReader, Header, MessageCode};
use execnet_core_sync::link::{Link, NoControl};
use execnet_core_sync::{
    Channel, Gateway, GatewayConfig, Item, ReceiveError, Role, SendError, WaitCloseError,
};
use execnet_serializer::{ChannelId, dumps_internal};
use loom::sync::{Condvar, Mutex};
use loom::thread;

/// Tries out the orders with so many interruptions at most, each of which multiplies their number.
fn model(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(body);
}

/// What the peer says on the first channel, once it may, and when it leaves.
struct Peer {
    frames: Vec<Vec<u8>>,
    speaks: Arc<Gate>,
    leaves: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.changed.wait(open).unwrap();
        }
    }
}

/// Each frame with a read of its own; behind the last is the end of the stream.
impl io::Read for Peer {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.frames.is_empty() {
            self.leaves.pass();
            return Ok(0);
        }
        self.speaks.pass();
        let frame = self.frames.remove(0);
        room[..frame.len()].copy_from_slice(&frame);
        Ok(frame.len())
    }
}

/// What this end writes, each time a whole number of frames. A peer that is said goodbye to leaves.
struct Written {
    frames: mpsc::Sender<Vec<u8>>,
    leaves: Arc<Gate>,
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.frames.send(bytes.to_vec());
        if bytes.ends_with(&frame_of(MessageCode::GatewayTerminate, ChannelId(0), b"")) {
            self.leaves.open();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A gateway with one channel, whose peer waits for its cues.
struct Scene {
    gateway: Gateway,
    channel: Channel,
    speaks: Arc<Gate>,
    leaves: Arc<Gate>,
    written: mpsc::Receiver<Vec<u8>>,
}

fn scene(frames: Vec<Vec<u8>>, configure: impl FnOnce(&mut GatewayConfig)) -> Scene {
    let [speaks, leaves] = [(); 2].map(|()| Arc::new(Gate::default()));
    let peer = Peer {
        frames,
        speaks: speaks.clone(),
        leaves: leaves.clone(),
    };
    let (sender, written) = mpsc::channel();
    let writer = Written {
        frames: sender,
        leaves: leaves.clone(),
    };
    let link = Link::from_std(peer, writer, Arc::new(NoControl));
    let mut config = GatewayConfig::new("gw0", Role::Initiator);
    configure(&mut config);
    let gateway = Gateway::new(link, config).unwrap();
    let channel = gateway.newchannel().unwrap();
    Scene {
        gateway,
        channel,
        speaks,
        leaves,
        written,
    }
}

impl Scene {
    /// The peer leaves.
    fn finish(self) -> Vec<MessageCode> {
        self.leaves.open();
        self.end()
    }

    /// The peer is said goodbye to.
    fn exit(self) -> Vec<MessageCode> {
        self.gateway.exit();
        self.end()
    }

    /// Every thread of the gateway is gone then. Gives what was written.
    fn end(self) -> Vec<MessageCode> {
        drop(self.channel);
        assert!(self.gateway.join(None));
        let bytes: Vec<u8> = self.written.try_iter().flatten().collect();
        let mut frames = FrameReader::with_capacity(Header::SIZE, &*bytes, 1000);
        let frames = core::iter::from_fn(|| frames.next_frame().unwrap());
        frames.map(|frame| frame.code).collect()
    }
}

fn frame_of(code: MessageCode, id: ChannelId, payload: &[u8]) -> Vec<u8> {
    let mut frame = FrameBuf::new();
    let Ok(()) = frame.write_all(payload);
    frame.finish(code, id).unwrap()
}

/// A frame about the first channel.
fn frame(code: MessageCode, payload: &[u8]) -> Vec<u8> {
    frame_of(code, ChannelId(1), payload)
}

fn item(number: i32) -> Vec<u8> {
    frame(MessageCode::ChannelData, &dumps_internal(&number).unwrap())
}

fn close() -> Vec<u8> {
    frame(MessageCode::ChannelClose, b"")
}

fn number(item: &Item) -> i64 {
    item.as_i64().unwrap()
}

/// Two receive what two items and a close bring: each item comes to one of them, and both see the end.
#[test]
fn the_inbox_gives_each_item_once_and_all_see_the_end() {
    model(2, || {
        let scene = scene([item(1), item(2), close()].into(), |_| ());
        let other = scene.channel.clone();
        scene.speaks.open();
        let receiver = thread::spawn(move || received(&other));
        let mut all = received(&scene.channel);
        all.extend(receiver.join().unwrap());
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        scene.finish();
    });
}

fn received(channel: &Channel) -> Vec<i64> {
    let mut numbers = Vec::new();
    loop {
        match channel.receive() {
            Ok(item) => numbers.push(number(&item)),
            Err(ReceiveError::Closed) => return numbers,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// The notification of an item is not spent on one who waits for the end.
#[test]
fn an_item_reaches_who_receives_beside_one_who_waits_for_the_end() {
    model(2, || {
        let scene = scene([item(1), close()].into(), |_| ());
        let other = scene.channel.clone();
        scene.speaks.open();
        let waiter = thread::spawn(move || other.wait_close(None));
        assert_eq!(number(&scene.channel.receive().unwrap()), 1);
        waiter.join().unwrap().unwrap();
        scene.finish();
    });
}

/// Where the link ends in the middle, all who wait are told: to receive, for the end, for credit.
#[test]
fn the_end_of_the_link_wakes_all_who_wait() {
    model(2, || {
        let scene = scene(Vec::new(), |config| config.credit = Some(1));
        scene.channel.send(1).unwrap();
        let other = scene.channel.clone();
        scene.leaves.open();
        let sender = thread::spawn(move || other.send(2));
        let end = scene.channel.wait_close(None);
        assert!(matches!(end, Err(WaitCloseError::Disconnected(_))));
        let sent = sender.join().unwrap();
        assert!(matches!(sent, Err(SendError::Disconnected(_))), "{sent:?}");
        scene.finish();
    });
}

/// A callback that is set while items arrive gets all of them, in their order, and then the end; who waits for the close
/// waits for that.
#[test]
fn a_callback_that_is_set_while_items_arrive_gets_all() {
    model(2, || {
        let scene = scene([item(1), item(2), close()].into(), |_| ());
        let (sender, calls) = mpsc::channel();
        scene.speaks.open();
        scene
            .channel
            .set_callback_with_endmarker(move |item: Option<Item>| {
                let _ = sender.send(item.as_ref().map(number));
            })
            .unwrap();
        scene.channel.wait_close(None).unwrap();
        let calls: Vec<_> = calls.try_iter().collect();
        assert_eq!(calls, [Some(1), Some(2), None]);
        scene.finish();
    });
}

/// One who receives when a callback is set is told at once.
#[test]
fn setting_a_callback_sends_receivers_away() {
    model(1, || {
        let scene = scene(Vec::new(), |_| ());
        let other = scene.channel.clone();
        let receiver = thread::spawn(move || other.receive());
        scene.channel.set_callback(|_: Item| ()).unwrap();
        let received = receiver.join().unwrap();
        assert!(
            matches!(received, Err(ReceiveError::HasCallback)),
            "{received:?}"
        );
        scene.finish();
    });
}

/// No item is in the hands of both, or of none.
#[test]
fn an_item_goes_to_a_receiver_or_to_the_callback() {
    model(2, || {
        let scene = scene([item(1), close()].into(), |_| ());
        let other = scene.channel.clone();
        let (sender, calls) = mpsc::channel();
        scene.speaks.open();
        let receiver = thread::spawn(move || match other.receive() {
            Ok(item) => Some(number(&item)),
            Err(ReceiveError::HasCallback | ReceiveError::Closed) => None,
            Err(error) => panic!("{error:?}"),
        });
        scene
            .channel
            .set_callback(move |item: Item| sender.send(number(&item)))
            .unwrap();
        scene.channel.wait_close(None).unwrap();
        let mut all: Vec<_> = receiver.join().unwrap().into_iter().collect();
        all.extend(calls.try_iter());
        assert_eq!(all, [1]);
        scene.finish();
    });
}

/// Closing while another thread sends and the peer closes too: the peer is told once at most, and nothing follows it.
#[test]
fn nothing_follows_a_close_however_it_races() {
    model(2, || {
        let scene = scene([close()].into(), |_| ());
        let (sending, closing) = (scene.channel.clone(), scene.channel.clone());
        scene.speaks.open();
        let sender = thread::spawn(move || {
            for number in 0..2 {
                let _ = sending.send(number);
            }
        });
        closing.close();
        closing.wait_close(None).unwrap();
        drop(closing);
        sender.join().unwrap();
        let codes = scene.finish();
        let close = codes
            .iter()
            .position(|code| *code == MessageCode::ChannelClose);
        assert!(close.is_none_or(|at| at + 1 == codes.len()), "{codes:?}");
    });
}

/// Two threads close, one with an error: the peer gets one of them, once.
#[test]
fn closing_twice_tells_the_peer_once() {
    model(2, || {
        let scene = scene(Vec::new(), |_| ());
        let other = scene.channel.clone();
        let closer = thread::spawn(move || other.close_with_error("enough").unwrap());
        scene.channel.close();
        closer.join().unwrap();
        scene.channel.wait_close(None).unwrap();
        let codes = scene.exit();
        let [close, farewell] = codes[..] else {
            panic!("{codes:?}");
        };
        assert!(matches!(
            close,
            MessageCode::ChannelClose | MessageCode::ChannelCloseError
        ));
        assert_eq!(farewell, MessageCode::GatewayTerminate);
    });
}

/// The last handle goes while an item arrives: nobody hangs, and the peer is told unless it was at its end already.
#[test]
fn letting_go_while_items_arrive() {
    model(2, || {
        let scene = scene([item(1), close()].into(), |_| ());
        scene.speaks.open();
        let codes = scene.finish();
        assert!(codes.len() <= 1, "{codes:?}");
    });
}

/// Credit that comes while a sender looks for it is not missed.
#[test]
fn a_sender_that_waits_for_credit_is_woken() {
    model(2, || {
        let credit = frame(MessageCode::ChannelCredit, &dumps_internal(&100).unwrap());
        let scene = scene([credit, close()].into(), |config| config.credit = Some(1));
        scene.channel.send(1).unwrap();
        scene.speaks.open();
        // It goes, or the close came first.
        let sent = scene.channel.send(2);
        assert!(matches!(sent, Ok(()) | Err(SendError::Closed)), "{sent:?}");
        scene.channel.wait_close(None).unwrap();
        scene.finish();
    });
}

/// A reader that pauses goes on when something was taken.
#[test]
fn a_reader_that_pauses_is_woken() {
    model(2, || {
        let scene = scene([item(1), item(2), close()].into(), |config| {
            config.inbox.channel = Some(1);
            config.inbox.overflow = execnet_core_sync::Overflowing::Pause;
        });
        scene.speaks.open();
        assert_eq!(received(&scene.channel), [1, 2]);
        scene.finish();
    });
}

/// Exiting while another thread sends: TERMINATE is the last that is written.
#[test]
fn nothing_follows_the_farewell() {
    model(2, || {
        let scene = scene(Vec::new(), |_| ());
        let sending = scene.channel.clone();
        let sender = thread::spawn(move || sending.send(1).is_ok());
        let codes = scene.exit();
        let sent = sender.join().unwrap();
        let data = sent.then_some(MessageCode::ChannelData);
        let expected: Vec<_> = data
            .into_iter()
            .chain([MessageCode::GatewayTerminate])
            .collect();
        assert_eq!(codes, expected);
    });
}
