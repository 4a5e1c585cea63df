//! Connections over a serial line, which has none: marks between the bytes of frames, and the device's end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::disallowed_types,
    reason = "the lines of these tests, which the crate knows nothing of"
)]

extern crate alloc;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::convert::Infallible;
use std::sync::{Mutex, MutexGuard};

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use execnet_core_sync::DisconnectReason;
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::frame::MessageCode::{ChannelData, ChannelExec};
use execnet_core_sync::frame::encode_to_slice;
use execnet_core_sync::serial::{
    Decoder, Error, Event, Listener, MAX_MARK, Mark, encode, encode_mark,
};
use execnet_serializer::{ChannelId, Dict, Value};
use proptest::prelude::*;

/// Encodes all bytes.
fn encoded(mut bytes: &[u8]) -> Vec<u8> {
    let (mut all, mut output) = (Vec::new(), [0; 7]);
    while !bytes.is_empty() {
        let (taken, encoded) = encode(bytes, &mut output);
        all.extend_from_slice(encoded);
        bytes = &bytes[taken..];
    }
    all
}

/// Decodes with an output of this many bytes: data, and events with the number of bytes in front of them.
fn decoded(mut input: &[u8], room: usize) -> (Vec<u8>, Vec<(usize, Event)>) {
    let (mut decoder, mut output) = (Decoder::new(), vec![0; room]);
    let (mut data, mut events) = (Vec::new(), Vec::new());
    while !input.is_empty() {
        let done = decoder.decode(input, &mut output);
        data.extend_from_slice(&output[..done.written]);
        events.extend(done.event.map(|event| (data.len(), event)));
        input = &input[done.read..];
    }
    (data, events)
}

fn mark() -> impl Strategy<Value = Mark> {
    (0..3, any::<u32>()).prop_map(|(kind, number)| match kind {
        0 => Mark::Begin(number),
        1 => Mark::Accept(number),
        _ => Mark::End(number),
    })
}

/// Bytes of which many are special.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![any::<u8>(), Just(0xC0), Just(0xDB), Just(0xDC), Just(0xDD)];
    proptest::collection::vec(byte, 0..50)
}

proptest! {
    #[test]
    fn data_and_marks_are_told_apart(before in bytes(), mark in mark(), after in bytes(), room in 1..9_usize) {
        let line = [encoded(&before), encode_mark(mark).to_vec(), encoded(&after)].concat();
        prop_assert!(encoded(&before).iter().all(|byte| *byte != 0xC0));
        let (data, events) = decoded(&line, room);
        prop_assert_eq!(events, [(before.len(), Event::Mark(mark))]);
        prop_assert_eq!(data, [before, after].concat());
    }

    /// A side that restarts cuts off what it was sending, and noise may look like anything.
    #[test]
    fn a_mark_is_found_behind_any_bytes(noise in bytes(), mark in mark()) {
        let line = [&noise[..], &encode_mark(mark)].concat();
        let (_, events) = decoded(&line, 4);
        prop_assert_eq!(events.last().map(|(_, event)| *event), Some(Event::Mark(mark)));
    }
}

#[test]
fn a_mark_with_a_changed_byte_is_no_mark() {
    let whole = encode_mark(Mark::Begin(0x0102_0304));
    assert!(whole.len() <= MAX_MARK);
    for at in 1..whole.len() {
        let mut changed = whole.to_vec();
        changed[at] ^= 1;
        assert_eq!(decoded(&changed, 4).1, [(0, Event::Malformed)], "byte {at}");
    }
}

/// One direction of a line: takes and gives a few bytes at a time, and never waits.
#[derive(Clone, Default)]
struct Way(Arc<Mutex<VecDeque<u8>>>);

impl Way {
    fn bytes(&self) -> MutexGuard<'_, VecDeque<u8>> {
        self.0.lock().unwrap()
    }

    fn put(&self, bytes: &[u8]) {
        self.bytes().extend(bytes);
    }

    fn take(&self) -> Vec<u8> {
        self.bytes().drain(..).collect()
    }
}

impl ErrorType for Way {
    type Error = Infallible;
}

impl Read for Way {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        let mut bytes = self.bytes();
        let count = room.len().min(bytes.len()).min(5);
        for (place, byte) in room.iter_mut().zip(bytes.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }
}

impl ReadReady for Way {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(!self.bytes().is_empty())
    }
}

impl Write for Way {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let count = bytes.len().min(3);
        self.put(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl WriteReady for Way {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(true)
    }
}

/// A device, and its line as the controller sees it.
struct Bench {
    to_device: Way,
    to_controller: Way,
    listener: Listener<Way, Way>,
}

impl Bench {
    fn new() -> Self {
        let (to_device, to_controller) = (Way::default(), Way::default());
        let listener = Listener::new(to_device.clone(), to_controller.clone()).unwrap();
        assert_eq!(to_controller.take(), encode_mark(Mark::End(0)).to_vec());
        Self {
            to_device,
            to_controller,
            listener,
        }
    }

    fn mark(&self, mark: Mark) {
        self.to_device.put(&encode_mark(mark));
    }

    /// Begins a connection, which the device accepts.
    fn connect(&self, number: u32) -> Endpoint {
        self.mark(Mark::Begin(number));
        let (reader, writer) = self.listener.try_accept().unwrap().unwrap();
        let accepted = encode_mark(Mark::Accept(number));
        assert!(self.to_controller.take().ends_with(&accepted));
        Endpoint::pollable(reader, writer, EndpointConfig::worker_within(16 << 10))
    }

    /// Sends a call of the function and an item.
    fn call(&self, name: &str, item: &Value) -> Vec<u8> {
        let mut buffer = [0; 200];
        let call = (name, Value::None, Value::None, Dict::new());
        let mut line = Vec::new();
        let frame = encode_to_slice(ChannelExec, ChannelId(1), &call, &mut buffer).unwrap();
        line.extend(encoded(frame));
        let frame = encode_to_slice(ChannelData, ChannelId(1), item, &mut buffer).unwrap();
        line.extend(encoded(frame));
        line
    }
}

fn functions() -> Functions {
    let mut functions = Functions::new();
    functions.register("once", |channel: &EndpointChannel| {
        let item = channel.receive().map(|item| item.into_value());
        channel.send(item.unwrap_or(Value::None))
    });
    functions
}

/// The item behind a call of `once`, and the answer to it.
fn item() -> (Value, Vec<u8>) {
    // Has both special bytes.
    let item = Value::Bytes(vec![0xC0, 1, 0xDB, 0xC0]);
    let mut buffer = [0; 64];
    let frame = encode_to_slice(ChannelData, ChannelId(1), &item, &mut buffer).unwrap();
    let answer = encoded(frame);
    (item, answer)
}

#[test]
fn a_connection_is_accepted_behind_noise_and_serves_calls() {
    let bench = Bench::new();
    bench.to_device.put(b"\xDB\xDB login: \xC0B");
    assert!(bench.listener.try_accept().unwrap().is_none());
    // A controller begins again until it is answered.
    bench.mark(Mark::Begin(5));
    let endpoint = bench.connect(5);
    bench.mark(Mark::Begin(5));
    let (item, answer) = item();
    bench.to_device.put(&bench.call("once", &item));
    while endpoint.poll().unwrap() | endpoint.serve_pending(&functions()) {}
    let sent = bench.to_controller.take();
    assert!(sent.starts_with(&encode_mark(Mark::Accept(5))));
    assert!(sent.windows(answer.len()).any(|bytes| bytes == answer));
    bench.mark(Mark::End(5));
    while endpoint.poll().is_ok() {}
    let lost = endpoint.disconnected().unwrap();
    assert!(
        matches!(lost.reason(), DisconnectReason::EndOfStream),
        "{lost}"
    );
}

#[test]
fn a_new_connection_ends_the_old_one_wherever_that_was_cut_off() {
    let (item, answer) = item();
    let bench = Bench::new();
    let call = bench.call("once", &item);
    let mut old = bench.connect(1);
    for (number, cut) in (2..).zip(0..call.len()) {
        bench.to_device.put(&call[..cut]);
        while old.poll().unwrap() {}
        bench.mark(Mark::Begin(number));
        while old.poll().is_ok() {}
        // Nothing of the old connection gets into the new one.
        let (reader, writer) = bench.listener.try_accept().unwrap().unwrap();
        old.serve_pending(&functions());
        drop(old);
        let accepted = encode_mark(Mark::Accept(number)).to_vec();
        assert_eq!(bench.to_controller.take(), accepted, "cut at {cut}");
        old = Endpoint::pollable(reader, writer, EndpointConfig::worker_within(16 << 10));
    }
    bench.to_device.put(&call);
    while old.poll().unwrap() | old.serve_pending(&functions()) {}
    assert!(bench.to_controller.take().starts_with(&answer));
}

#[test]
fn the_end_of_a_connection_is_marked_by_the_device() {
    let bench = Bench::new();
    let endpoint = bench.connect(9);
    // A frame that is none.
    bench.to_device.put(&encoded(&[0x7F; 9]));
    assert!(endpoint.poll().is_err());
    drop(endpoint);
    assert_eq!(
        bench.to_controller.take(),
        encode_mark(Mark::End(9)).to_vec()
    );
    // The mark of an earlier connection does not end a later one.
    let endpoint = bench.connect(10);
    bench.mark(Mark::End(9));
    assert!(!endpoint.poll().unwrap());
    drop(endpoint);
}

#[test]
fn lost_bytes_that_show_end_the_connection() {
    let bench = Bench::new();
    let (mut reader, mut writer) = {
        bench.mark(Mark::Begin(3));
        bench.listener.try_accept().unwrap().unwrap()
    };
    bench.to_device.put(b"ab\xDBc");
    let mut room = [0; 8];
    assert!(reader.read_ready().unwrap());
    assert_eq!(reader.read(&mut room).unwrap(), 1);
    assert_eq!(reader.read(&mut room[1..]), Err(Error::Malformed));
    assert_eq!(reader.read(&mut room), Ok(0));
    assert_eq!(writer.write(b"x"), Err(Error::Ended));
}
