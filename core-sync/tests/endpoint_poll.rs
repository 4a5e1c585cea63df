//! Endpoints in a main loop, over a link that panics where it would have to be waited for.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::disallowed_types,
    reason = "the link of this test, which the crate knows nothing of"
)]

extern crate alloc;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::convert::Infallible;
use std::sync::{Mutex, MutexGuard};

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write, WriteReady};
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelExec, Status,
};
use execnet_core_sync::frame::{Frame, FrameReader, Header, MessageCode};
use execnet_core_sync::{DisconnectReason, InboxOverflow, ReceiveError, Role, SendError};
use execnet_serializer::{Bytes, ChannelId, Dict, Dump, DumpOptions, LoadOptions, Value};

/// Bytes on their way, and how many more the link takes.
#[derive(Debug, Default)]
struct Way {
    bytes: VecDeque<u8>,
    room: usize,
    /// How many bytes are on their way at most; 0 where only `room` says how many.
    limit: usize,
    ended: bool,
    flushed: bool,
}

impl Way {
    fn free(&self) -> usize {
        match self.limit {
            0 => self.room,
            limit => limit.saturating_sub(self.bytes.len()),
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Half(Arc<Mutex<Way>>);

impl Half {
    fn way(&self) -> MutexGuard<'_, Way> {
        self.0.lock().unwrap()
    }
}

impl ErrorType for Half {
    type Error = Infallible;
}

impl Read for Half {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        let mut way = self.way();
        assert!(way.ended || !way.bytes.is_empty(), "reading would wait");
        let count = room.len().min(way.bytes.len());
        for (place, byte) in room.iter_mut().zip(way.bytes.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }
}

impl ReadReady for Half {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        let way = self.way();
        Ok(way.ended || !way.bytes.is_empty())
    }
}

impl Write for Half {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let mut way = self.way();
        let count = bytes.len().min(way.free());
        assert!(count > 0, "writing would wait");
        way.bytes.extend(bytes.iter().take(count));
        way.room = way.room.saturating_sub(count);
        way.flushed = false;
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        self.way().flushed = true;
        Ok(())
    }
}

impl WriteReady for Half {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(self.way().free() > 0)
    }
}

/// An endpoint, and both ways of its link.
struct Bench {
    endpoint: Endpoint,
    to_endpoint: Half,
    to_peer: Half,
}

impl Bench {
    fn new(role: Role) -> Self {
        let (to_endpoint, to_peer) = (Half::default(), Half::default());
        to_peer.way().room = usize::MAX;
        let config = EndpointConfig::new(role);
        Self {
            endpoint: Endpoint::pollable(to_endpoint.clone(), to_peer.clone(), config),
            to_endpoint,
            to_peer,
        }
    }

    fn write(&self, code: MessageCode, id: ChannelId, payload: &[u8]) {
        let header = Header::new(code, id, payload.len()).unwrap();
        self.to_endpoint.way().bytes.extend(header.to_bytes());
        self.to_endpoint.way().bytes.extend(payload);
    }

    fn send(&self, id: ChannelId, item: impl Dump) {
        self.write(ChannelData, id, &DumpOptions::wire().dumps(&item).unwrap());
    }

    /// The frames that have gone out whole.
    fn frames(&self) -> Vec<Frame> {
        let bytes: Vec<u8> = self.to_peer.way().bytes.drain(..).collect();
        let mut frames = FrameReader::new(&bytes[..], usize::MAX);
        core::iter::from_fn(|| frames.next_frame().unwrap()).collect()
    }

    fn codes(&self) -> Vec<(MessageCode, i32)> {
        let frames = self.frames().into_iter();
        frames.map(|frame| (frame.code, frame.channel.0)).collect()
    }
}

#[test]
fn a_wait_sends_the_rest_of_a_frame_that_a_poll_has_begun() {
    let bench = Bench::new(Role::Initiator);
    let channel = bench.endpoint.new_channel().unwrap();
    let dropped = bench.endpoint.new_channel().unwrap();
    let id = dropped.id();
    drop(dropped);
    bench.to_peer.way().room = 4;
    assert!(bench.endpoint.poll().unwrap());
    bench.to_peer.way().room = usize::MAX;
    bench.send(channel.id(), 7);
    channel.receive().unwrap();
    assert_eq!(bench.codes(), [(ChannelClose, id.0)]);
}

/// What a peer writes that answers a whole frame, and nothing less.
struct Answers {
    asked: Half,
    answer: Half,
}

impl ErrorType for Answers {
    type Error = Infallible;
}

impl Read for Answers {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        assert_eq!(self.asked.way().bytes.len(), Header::SIZE, "no frame");
        self.answer.read(room)
    }
}

impl ReadReady for Answers {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(false)
    }
}

#[test]
fn a_wait_sends_what_a_poll_has_begun_before_it_reads() {
    let (asked, answer) = (Half::default(), Half::default());
    let reader = Answers {
        asked: asked.clone(),
        answer: answer.clone(),
    };
    let config = EndpointConfig::new(Role::Initiator);
    let endpoint = Endpoint::pollable(reader, asked.clone(), config);
    let channel = endpoint.new_channel().unwrap();
    drop(endpoint.new_channel().unwrap());
    asked.way().room = 4;
    assert!(endpoint.poll().unwrap());
    asked.way().room = usize::MAX;
    let payload = DumpOptions::wire().dumps(&7).unwrap();
    let header = Header::new(ChannelData, channel.id(), payload.len()).unwrap();
    answer.way().bytes.extend(header.to_bytes());
    answer.way().bytes.extend(payload);
    assert_eq!(channel.receive().unwrap(), Value::from(7));
}

#[test]
fn frames_are_handled_as_their_bytes_come() {
    let bench = Bench::new(Role::Initiator);
    let channel = bench.endpoint.new_channel().unwrap();
    for item in [
        Value::from(7),
        Value::Bytes(vec![1; 3000]),
        Value::Bytes(vec![2; 9000]),
    ] {
        bench.send(channel.id(), &item);
        let all: Vec<u8> = bench.to_endpoint.way().bytes.drain(..).collect();
        let (last, others) = all.split_last().unwrap();
        for &byte in others {
            bench.to_endpoint.way().bytes.push_back(byte);
            assert!(!bench.endpoint.poll().unwrap(), "the frame is not whole");
        }
        assert!(channel.try_receive().unwrap().is_none());
        bench.to_endpoint.way().bytes.push_back(*last);
        assert_eq!(channel.try_receive().unwrap().unwrap(), item);
        assert!(!bench.endpoint.poll().unwrap(), "there is no more");
    }
}

#[test]
fn waiting_goes_on_with_a_frame_that_polling_has_begun() {
    let bench = Bench::new(Role::Initiator);
    let channel = bench.endpoint.new_channel().unwrap();
    for len in [10, 9000] {
        bench.send(channel.id(), Bytes(vec![3; len]));
        let all: Vec<u8> = bench.to_endpoint.way().bytes.drain(..).collect();
        let (begin, rest) = all.split_at(all.len() / 2);
        bench.to_endpoint.way().bytes.extend(begin);
        bench.endpoint.poll().unwrap();
        bench.to_endpoint.way().bytes.extend(rest);
        assert_eq!(channel.receive().unwrap(), Value::Bytes(vec![3; len]));
    }
}

#[test]
fn dropping_a_channel_does_not_wait_for_the_link() {
    let bench = Bench::new(Role::Initiator);
    let channels = [(); 2].map(|()| bench.endpoint.new_channel().unwrap());
    bench.to_peer.way().room = 0;
    drop(channels);
    assert!(!bench.endpoint.poll().unwrap(), "the link takes nothing");
    // Two frames of nine bytes, in steps that fit neither.
    for _ in 0..5 {
        bench.to_peer.way().room = 4;
        assert!(bench.endpoint.poll().unwrap());
    }
    assert!(!bench.endpoint.poll().unwrap(), "all is written");
    assert!(bench.to_peer.way().flushed);
    assert_eq!(bench.codes(), [(ChannelClose, 1), (ChannelClose, 3)]);
}

#[test]
fn what_was_queued_leaves_in_front_of_what_is_sent() {
    let bench = Bench::new(Role::Initiator);
    let (gone, other) = (
        bench.endpoint.new_channel().unwrap(),
        bench.endpoint.new_channel().unwrap(),
    );
    bench.to_peer.way().room = 4;
    drop(gone);
    assert!(bench.endpoint.poll().unwrap());
    bench.to_peer.way().room = usize::MAX;
    other.send(1).unwrap();
    assert_eq!(bench.codes(), [(ChannelClose, 1), (ChannelData, 3)]);
    assert!(bench.to_peer.way().flushed);
}

#[test]
fn calls_are_run_by_the_main_loop() {
    let bench = Bench::new(Role::Worker);
    let mut functions = Functions::new();
    functions.register("next", |channel: &EndpointChannel, n: i64| {
        channel.send(n + 1)
    });
    assert!(!bench.endpoint.serve_pending(&functions));
    let n: Dict = [(Value::from("n"), Value::from(41))].into_iter().collect();
    let call = DumpOptions::wire()
        .dumps(&("", Value::None, "next", n))
        .unwrap();
    bench.write(ChannelExec, ChannelId(1), &call);
    bench.write(Status, ChannelId(9), b"");
    assert!(!bench.endpoint.serve_pending(&functions), "it was not read");
    assert!(bench.endpoint.poll().unwrap());
    assert_eq!(bench.codes(), [(ChannelData, 9), (ChannelClose, 9)]);
    assert!(bench.endpoint.serve_pending(&functions));
    assert!(!bench.endpoint.serve_pending(&functions), "once");
    let frames = bench.frames();
    assert_eq!(
        LoadOptions::wire().loads(&frames[0].payload).unwrap(),
        Value::from(42)
    );
    assert_eq!(frames[1].code, ChannelClose);
}

#[test]
fn a_peer_that_asks_and_does_not_read_is_not_read_from() {
    let bench = Bench::new(Role::Worker);
    bench.to_peer.way().room = 0;
    for _ in 0..10_000 {
        bench.write(Status, ChannelId(9), b"");
    }
    let before = bench.to_endpoint.way().bytes.len();
    for _ in 0..1000 {
        bench.endpoint.poll().unwrap();
    }
    let handled = (before - bench.to_endpoint.way().bytes.len()) / Header::SIZE;
    // What one read fetched may be more than what was answered.
    assert!(handled < 1000, "{handled} questions were taken");
    bench.to_peer.way().room = usize::MAX;
    while bench.endpoint.poll().unwrap() {}
    assert_eq!(bench.codes().len(), 20_000);
}

#[test]
fn two_polled_endpoints_that_drop_many_channels_do_not_stop_each_other() {
    let ways = [(); 2].map(|()| Half::default());
    for way in &ways {
        way.way().limit = 64;
    }
    let [there, back] = &ways;
    let end = |reader: &Half, writer: &Half, role| {
        Endpoint::pollable(reader.clone(), writer.clone(), EndpointConfig::new(role))
    };
    let near = end(back, there, Role::Initiator);
    let far = end(there, back, Role::Worker);
    for endpoint in [&near, &far] {
        let channels: Vec<_> = (0..1000).map(|_| endpoint.new_channel().unwrap()).collect();
        drop(channels);
    }
    let mut idle = 0;
    for _ in 0..100_000 {
        let progress = [&near, &far].map(|endpoint| endpoint.poll().unwrap());
        idle = if progress.contains(&true) {
            0
        } else {
            idle + 1
        };
        if idle > 2 {
            break;
        }
    }
    let left = ways.map(|way| way.way().bytes.len());
    assert_eq!(left, [0, 0], "both pipes are full");
}

#[test]
fn a_poll_takes_a_part_of_what_a_peer_sends_without_end() {
    const ITEMS: usize = 100;
    let bench = Bench::new(Role::Initiator);
    let channel = bench.endpoint.new_channel().unwrap();
    for number in 0..ITEMS as i32 {
        bench.send(channel.id(), number);
    }
    let mut polls = 0;
    while bench.endpoint.poll().unwrap() {
        polls += 1;
    }
    assert!((2..ITEMS).contains(&polls), "{polls} polls had work");
    for number in 0..ITEMS as i32 {
        let item = channel.try_receive().unwrap().unwrap();
        assert_eq!(item, Value::from(number));
    }
}

/// The reading half of a link that has failed.
struct Failed;

impl ErrorType for Failed {
    type Error = ErrorKind;
}

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, ErrorKind> {
        Err(ErrorKind::ConnectionReset)
    }
}

impl ReadReady for Failed {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        Ok(true)
    }
}

#[test]
fn polling_tells_of_a_link_that_fails() {
    let config = EndpointConfig::new(Role::Initiator);
    let endpoint = Endpoint::pollable(Failed, Half::default(), config);
    let lost = endpoint.poll().unwrap_err();
    assert!(matches!(lost.reason(), DisconnectReason::Read(_)), "{lost}");
}

#[test]
fn polling_tells_of_the_end() {
    let bench = Bench::new(Role::Initiator);
    let channel = bench.endpoint.new_channel().unwrap();
    bench.send(channel.id(), "last");
    bench.to_endpoint.way().ended = true;
    let lost = loop {
        if let Err(lost) = bench.endpoint.poll() {
            break lost;
        }
    };
    assert!(matches!(lost.reason(), DisconnectReason::EndOfStream));
    assert_eq!(channel.try_receive().unwrap().unwrap(), Value::from("last"));
    assert!(channel.try_receive().unwrap_err().is_disconnected());
}

#[test]
fn by_default_little_waits_at_an_endpoint() {
    let bench = Bench::new(Role::Initiator);
    let channel = bench.endpoint.new_channel().unwrap();
    // The fourth is above 64 KiB, the fifth too many.
    for number in 0..5 {
        bench.send(channel.id(), (number, Bytes(vec![0; 20_000])));
    }
    while bench.endpoint.poll().unwrap() {}
    assert_eq!(bench.codes(), [(ChannelCloseError, 1)]);
    for _ in 0..4 {
        channel.receive().unwrap();
    }
    let limit = 64 << 10;
    assert_eq!(
        channel.receive().unwrap_err(),
        ReceiveError::Overflow(InboxOverflow { limit })
    );
    assert_eq!(channel.send(1), Err(SendError::Closed));
    // On many channels together four times as much.
    let channels: Vec<_> = (0..20)
        .map(|_| bench.endpoint.new_channel().unwrap())
        .collect();
    for channel in &channels {
        bench.send(channel.id(), Bytes(vec![0; 20_000]));
    }
    while bench.endpoint.poll().unwrap() {}
    let taken = channels
        .iter()
        .filter(|channel| channel.try_receive().is_ok());
    assert_eq!(taken.count(), (256usize << 10).div_ceil(20_000 + 64 + 6));
}

#[test]
fn what_is_too_large_for_a_device_is_not_read() {
    let bench = Bench::new(Role::Initiator);
    let channel = bench.endpoint.new_channel().unwrap();
    bench.send(channel.id(), Bytes(vec![0; 1 << 20]));
    let lost = bench.endpoint.poll().unwrap_err().to_string();
    assert!(lost.contains("above the limit of 1048576"), "{lost}");
}
