//! Several threads that write to one endpoint: a frame that one of them leaves to another is written.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;
use std::sync::mpsc;

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use execnet_core_sync::Role;
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig};
use execnet_core_sync::frame::{FrameReader, Header, MessageCode};
use execnet_serializer::ChannelId;
use loom::thread;

use crate::model;
use crate::scene::{Gate, frame_of, item};

/// The reading half: each frame is a read of its own; after the last one reading blocks.
struct Input(Vec<Vec<u8>>, Arc<Gate>);

impl ErrorType for Input {
    type Error = Infallible;
}

impl Read for Input {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        if self.0.is_empty() {
            self.1.pass();
            return Ok(0);
        }
        let frame = self.0.remove(0);
        room[..frame.len()].copy_from_slice(&frame);
        Ok(frame.len())
    }
}

impl ReadReady for Input {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.0.is_empty())
    }
}

struct Output(mpsc::Sender<Vec<u8>>);

impl ErrorType for Output {
    type Error = Infallible;
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        // Lets other threads run here, as a real link does that blocks.
        thread::yield_now();
        let _ = self.0.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl WriteReady for Output {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

/// An endpoint with a channel, whose peer sends these frames.
fn scene(frames: Vec<Vec<u8>>) -> (Endpoint, EndpointChannel, mpsc::Receiver<Vec<u8>>) {
    let (sender, written) = mpsc::channel();
    let input = Input(frames, Arc::new(Gate::default()));
    let config = EndpointConfig::new(Role::Initiator);
    let endpoint = Endpoint::pollable(input, Output(sender), config);
    let channel = endpoint.new_channel().unwrap();
    (endpoint, channel, written)
}

/// The codes of the frames that were written, sorted by channel.
fn codes(written: &mpsc::Receiver<Vec<u8>>) -> Vec<(MessageCode, i32)> {
    let bytes: Vec<u8> = written.try_iter().flatten().collect();
    let mut frames = FrameReader::with_capacity(Header::SIZE, &*bytes, 1000);
    let frames = core::iter::from_fn(|| frames.next_frame().unwrap());
    let mut codes: Vec<_> = frames.map(|frame| (frame.code, frame.channel.0)).collect();
    codes.sort_unstable_by_key(|&(_, id)| id);
    codes
}

/// A thread sends while another one closes a channel: the CLOSE is written without a further call.
#[test]
fn a_close_is_written_by_whichever_thread_writes() {
    model(3, || {
        let (endpoint, channel, written) = scene(Vec::new());
        let other = endpoint.new_channel().unwrap();
        let sending = channel.clone();
        let sender = thread::spawn(move || sending.send(1).unwrap());
        other.close();
        sender.join().unwrap();
        assert_eq!(
            codes(&written),
            [
                (MessageCode::ChannelData, 1),
                (MessageCode::ChannelClose, 3)
            ]
        );
    });
}

/// A thread sends while another one answers a request: the answer is written before the item of that thread is received.
#[test]
fn an_answer_is_written_by_whichever_thread_writes() {
    model(3, || {
        let request = frame_of(MessageCode::Status, ChannelId(8), b"");
        let (_endpoint, channel, written) = scene([request, item(7)].into());
        let sending = channel.clone();
        let sender = thread::spawn(move || sending.send(1).unwrap());
        channel.receive().unwrap();
        sender.join().unwrap();
        assert_eq!(
            codes(&written),
            [
                (MessageCode::ChannelData, 1),
                (MessageCode::ChannelCloseError, 8)
            ]
        );
    });
}

/// A thread polls while another one closes and a third sends: no thread hangs, and all frames are written.
#[test]
fn polling_leaves_nothing_behind() {
    model(2, || {
        let (endpoint, channel, written) = scene(Vec::new());
        let other = endpoint.new_channel().unwrap();
        let polled = endpoint.clone();
        let poller = thread::spawn(move || polled.poll().map(drop).unwrap());
        // A clone: the drop of the last handle would queue a frame of its own.
        let sending = channel.clone();
        let sender = thread::spawn(move || sending.send(1).unwrap());
        other.close();
        poller.join().unwrap();
        sender.join().unwrap();
        assert_eq!(codes(&written).len(), 2);
    });
}
