//! Endpoints that several threads use, one of which is inside a write that the link does not take.

use alloc::sync::Arc;
use std::io;
use std::sync::{Condvar, Mutex};
use std::thread::{self, JoinHandle};

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::frame::MessageCode::{
    self, ChannelClose, ChannelCredit, ChannelData, GatewayTerminate, Status,
};
use execnet_core_sync::frame::{FrameReader, Header};
use execnet_core_sync::testing::{PIPE_CAPACITY, PipeReader, PipeWriter, Valve, pipe, within};
use execnet_core_sync::{Role, SendError};
use execnet_serializer::{Bytes, ChannelId, DumpOptions};

use crate::support::LIMIT;

struct Input(PipeReader, Valve);

impl ErrorType for Input {
    type Error = io::Error;
}

impl Read for Input {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut self.0, room)
    }
}

impl ReadReady for Input {
    fn read_ready(&mut self) -> io::Result<bool> {
        Ok(self.1.holds_bytes())
    }
}

/// A writing half that takes nothing until it is opened.
#[derive(Clone, Default)]
struct Output(Arc<(Mutex<Taken>, Condvar)>);

#[derive(Default)]
struct Taken {
    bytes: Vec<u8>,
    open: bool,
    broken: bool,
    /// A write waits, or has waited.
    entered: bool,
}

impl Output {
    fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    /// From here on writes fail.
    fn break_off(&self) {
        self.0.0.lock().unwrap().broken = true;
        self.open();
    }

    fn await_entered(&self) {
        let mut taken = self.0.0.lock().unwrap();
        while !taken.entered {
            taken = self.0.1.wait(taken).unwrap();
        }
    }

    fn codes(&self) -> Vec<(MessageCode, i32)> {
        let bytes = self.0.0.lock().unwrap().bytes.clone();
        let mut frames = FrameReader::new(&bytes[..], usize::MAX);
        let frames = core::iter::from_fn(|| frames.next_frame().unwrap());
        frames.map(|frame| (frame.code, frame.channel.0)).collect()
    }
}

impl ErrorType for Output {
    type Error = io::Error;
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut taken = self.0.0.lock().unwrap();
        taken.entered = true;
        self.0.1.notify_all();
        while !taken.open {
            taken = self.0.1.wait(taken).unwrap();
        }
        if taken.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        taken.bytes.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl WriteReady for Output {
    fn write_ready(&mut self) -> io::Result<bool> {
        Ok(self.0.0.lock().unwrap().open)
    }
}

/// An endpoint, one thread of which is inside a write.
struct Scene {
    endpoint: Endpoint,
    channel: EndpointChannel,
    sender: JoinHandle<Result<(), SendError>>,
    output: Output,
    peer: PipeWriter,
}

impl Scene {
    fn run(body: impl FnOnce(Scene) + Send + 'static) {
        Self::run_as(Role::Worker, None, body);
    }

    fn run_as(role: Role, credit: Option<usize>, body: impl FnOnce(Scene) + Send + 'static) {
        within(LIMIT, move || body(Self::new(role, credit)));
    }

    fn new(role: Role, credit: Option<usize>) -> Self {
        let (peer, reader) = pipe(PIPE_CAPACITY);
        let valve = reader.valve();
        let output = Output::default();
        let config = EndpointConfig::new(role).with_credit(credit);
        let endpoint = Endpoint::pollable(Input(reader, valve), output.clone(), config);
        let channel = endpoint.new_channel().unwrap();
        let sending = channel.clone();
        let sender = thread::spawn(move || sending.send(1));
        output.await_entered();
        Self {
            endpoint,
            channel,
            sender,
            output,
            peer,
        }
    }

    fn write(&mut self, code: MessageCode, id: ChannelId, payload: &[u8]) {
        let header = Header::new(code, id, payload.len()).unwrap();
        io::Write::write_all(&mut self.peer, &header.to_bytes()).unwrap();
        io::Write::write_all(&mut self.peer, payload).unwrap();
    }

    fn item(&mut self, len: usize) {
        let payload = DumpOptions::wire().dumps(&Bytes(vec![0; len])).unwrap();
        self.write(ChannelData, self.channel.id(), &payload);
    }

    /// The link takes all bytes from now on. Returns the written bytes when the sender has returned.
    fn finish(self) -> Vec<(MessageCode, i32)> {
        self.output.open();
        self.sender.join().unwrap().unwrap();
        self.output.codes()
    }
}

#[test]
fn a_receiver_leaves_replies_to_the_thread_that_writes() {
    Scene::run(|mut scene| {
        scene.write(Status, ChannelId(9), b"");
        scene.item(7);
        scene.channel.receive().unwrap();
        let answer = [(ChannelData, 9), (ChannelClose, 9)];
        let id = scene.channel.id().0;
        let codes = scene.finish();
        assert_eq!(codes[..1], [(ChannelData, id)]);
        assert_eq!(codes[1..], answer);
    });
}

#[test]
fn a_receiver_leaves_credit_to_the_thread_that_writes() {
    Scene::run_as(Role::Worker, Some(100), |mut scene| {
        scene.item(200);
        scene.channel.receive().unwrap();
        let id = scene.channel.id().0;
        assert_eq!(scene.finish(), [(ChannelData, id), (ChannelCredit, id)]);
    });
}

#[test]
fn polling_does_not_wait_for_the_thread_that_writes() {
    Scene::run(|mut scene| {
        scene.write(Status, ChannelId(9), b"");
        assert!(scene.endpoint.poll().unwrap());
        assert!(!scene.endpoint.poll().unwrap(), "the link takes nothing");
        scene.item(7);
        assert!(scene.channel.try_receive().unwrap().is_some());
        assert_eq!(scene.finish().len(), 3);
    });
}

#[test]
fn closing_does_not_wait_for_the_thread_that_writes() {
    Scene::run(|scene| {
        let other = scene.endpoint.new_channel().unwrap();
        other.close();
        assert!(other.is_closed());
        // That channel too: its item was allowed before.
        scene.channel.close();
        let (id, other) = (scene.channel.id().0, other.id().0);
        let closes = [(ChannelClose, other), (ChannelClose, id)];
        let codes = scene.finish();
        assert_eq!(codes[..1], [(ChannelData, id)]);
        assert_eq!(codes[1..], closes);
    });
}

#[test]
fn the_end_of_the_link_is_reported_while_a_thread_writes() {
    Scene::run_as(Role::Initiator, None, |mut scene| {
        scene.write(GatewayTerminate, ChannelId(0), b"");
        assert!(scene.channel.receive().unwrap_err().is_disconnected());
        let id = scene.channel.id().0;
        let endpoint = scene.endpoint.clone();
        assert_eq!(scene.finish(), [(ChannelData, id)]);
        assert!(endpoint.new_channel().is_err());
    });
}

#[test]
fn the_end_of_a_peer_that_reads_no_replies_is_noticed() {
    let (mut peer, reader) = pipe(PIPE_CAPACITY);
    let valve = reader.valve();
    let output = Output::default();
    output.break_off();
    let config = EndpointConfig::new(Role::Worker);
    let endpoint = Endpoint::pollable(Input(reader, valve), output, config);
    let question = Header::new(Status, ChannelId(9), 0).unwrap().to_bytes();
    let farewell = Header::new(GatewayTerminate, ChannelId(0), 0).unwrap();
    // Their answers are more than may wait.
    let bytes = [&question.repeat(1000)[..], &farewell.to_bytes()].concat();
    io::Write::write_all(&mut peer, &bytes).unwrap();
    let ended = (0..1000).any(|_| endpoint.poll().is_err());
    assert!(ended, "the endpoint has stopped reading");
}

#[test]
fn all_requests_of_a_peer_that_reads_late_are_answered() {
    Scene::run(|mut scene| {
        let reading = scene.channel.clone();
        let receiver = thread::spawn(move || reading.receive().map(drop));
        for round in 0..2 {
            // More than may wait to be answered, and less than the pipe holds.
            for _ in 0..1000 {
                scene.write(Status, ChannelId(9), b"");
            }
            if round == 0 {
                scene.output.open();
            }
        }
        scene.item(7);
        receiver.join().unwrap().unwrap();
        assert_eq!(scene.finish().len(), 1 + 2 * 2000);
    });
}

#[test]
fn serving_ends_after_the_writing_thread_has_written_all_queued_frames() {
    Scene::run(|mut scene| {
        let endpoint = scene.endpoint.clone();
        let serving = thread::spawn(move || endpoint.serve(&Functions::new()));
        scene.channel.close();
        scene.write(GatewayTerminate, ChannelId(0), b"");
        // It has most likely seen the end by then; else it sees it later.
        execnet_core_sync::testing::give_way();
        assert!(!serving.is_finished());
        let id = scene.channel.id().0;
        let output = scene.output.clone();
        scene.output.open();
        scene.sender.join().unwrap().unwrap();
        serving.join().unwrap().unwrap();
        assert_eq!(output.codes(), [(ChannelData, id), (ChannelClose, id)]);
    });
}
