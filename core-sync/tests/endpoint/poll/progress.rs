//! What one poll does: it reads and writes what the link takes, and leaves the rest to the next one.

use core::convert::Infallible;

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady};
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::frame::Header;
use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelData, ChannelExec, Status};
use execnet_core_sync::{DisconnectReason, Role};
use execnet_serializer::{Bytes, ChannelId, Dict, DumpOptions, LoadOptions, Value};

use super::{Bench, Half};

#[test]
fn a_receive_sends_the_rest_of_a_frame_that_a_poll_began() {
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
fn a_receive_sends_the_frame_that_a_poll_began_before_it_reads() {
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
fn a_receive_continues_a_frame_that_a_poll_began() {
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
fn queued_frames_are_written_before_a_later_item() {
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
fn one_poll_handles_a_bounded_number_of_frames() {
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
fn polling_reports_a_link_that_fails() {
    let config = EndpointConfig::new(Role::Initiator);
    let endpoint = Endpoint::pollable(Failed, Half::default(), config);
    let lost = endpoint.poll().unwrap_err();
    assert!(matches!(lost.reason(), DisconnectReason::Read(_)), "{lost}");
}

#[test]
fn polling_reports_the_end_of_the_stream() {
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
