//! An endpoint without memory for what its peer sends: the peer gets an error, and the endpoint continues.
//!
//! A program of its own with a single test, because the limit is that of the whole process.
// Other builds for a system do not look whether an allocation has failed.
#![cfg(debug_assertions)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_types,
    reason = "locks of the test, not of the library"
)]

extern crate alloc;

use alloc::sync::Arc;
use core::convert::Infallible;
use core::error::Error;
use std::alloc::System;
use std::sync::{Mutex, MutexGuard};

use cap::Cap;
use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use execnet_core_sync::Role;
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelExec,
};
use execnet_core_sync::frame::{Frame, FrameReader, Header, MessageCode};
use execnet_serializer::{ChannelId, Dict, DumpOptions, Value};

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// One way of a link: memory that is allocated before the limit is set.
#[derive(Clone)]
struct Way(Arc<Mutex<(Vec<u8>, usize)>>);

impl Way {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((Vec::with_capacity(1 << 20), 0))))
    }

    fn lock(&self) -> MutexGuard<'_, (Vec<u8>, usize)> {
        self.0.lock().unwrap()
    }

    fn put(&self, code: MessageCode, payload: &[u8]) {
        let header = Header::new(code, ChannelId(1), payload.len()).unwrap();
        let way = &mut self.lock().0;
        way.extend(header.to_bytes());
        way.extend(payload);
    }

    /// The frames on it.
    fn take(&self) -> Vec<Frame> {
        let mut way = self.lock();
        let mut frames = FrameReader::new(&way.0[..], usize::MAX);
        let taken = core::iter::from_fn(|| frames.next_frame().unwrap()).collect();
        way.0.clear();
        taken
    }
}

impl ErrorType for Way {
    type Error = Infallible;
}

impl Read for Way {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Infallible> {
        let (bytes, read) = &mut *self.lock();
        let count = (&bytes[*read..]).read(room).unwrap();
        *read += count;
        Ok(count)
    }
}

impl ReadReady for Way {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        let way = self.lock();
        Ok(way.1 < way.0.len())
    }
}

impl Write for Way {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        let way = &mut self.lock().0;
        assert!(way.len() + bytes.len() <= way.capacity());
        way.extend(bytes);
        Ok(bytes.len())
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

fn echo(channel: &EndpointChannel) -> Result<(), Box<dyn Error + Send + Sync>> {
    Ok(channel.send(&*channel.receive()?)?)
}

/// A call of `echo` with one item. Returns the frames that answer it.
fn call(
    endpoint: &Endpoint,
    functions: &Functions,
    to: &Way,
    from: &Way,
    memory: usize,
) -> Vec<Frame> {
    HEAP.set_limit(HEAP.allocated().saturating_add(memory))
        .unwrap();
    // The call runs in the poll's loop, so that the item is handled by the function's wait.
    while endpoint.poll().unwrap() | endpoint.serve_pending(functions) {}
    HEAP.set_limit(usize::MAX).unwrap();
    let way = &mut *to.lock();
    assert_eq!(way.1, way.0.len(), "not all was read");
    *way = (core::mem::take(&mut way.0), 0);
    way.0.clear();
    // Without those for the channels that the item names.
    let mut frames = from.take();
    frames.retain(|frame| frame.channel == ChannelId(1));
    frames
}

#[test]
fn no_memory_for_an_item_or_a_call_is_an_error_of_its_channel() {
    let mut functions = Functions::new();
    functions.register("echo", echo);
    let text = Value::from("x".repeat(200));
    let numbers = |count: i32| (0..count).map(Value::from);
    let channels = (1..100).map(|id| Value::Channel(ChannelId(2 * id + 1)));
    for item in [
        Value::Bytes(vec![7; 16 << 10]),
        Value::List(vec![text.clone(); 50]),
        Value::Tuple(numbers(500).collect()),
        Value::Dict(numbers(50).map(|n| (n, text.clone())).collect()),
        Value::List(channels.collect()),
    ] {
        let item = DumpOptions::wire().dumps(&item).unwrap();
        let small = DumpOptions::wire().dumps(&7).unwrap();
        let exec = ("echo", Value::None, "echo", Dict::new());
        let exec = DumpOptions::wire().dumps(&exec).unwrap();
        let (mut refused, mut echoed) = (0, 0);
        let (to, from) = (Way::new(), Way::new());
        let endpoint =
            Endpoint::pollable(to.clone(), from.clone(), EndpointConfig::new(Role::Worker));
        for memory in (3 << 10..200 << 10).step_by(1 << 10) {
            let put = |item: &[u8]| {
                to.put(ChannelExec, &exec);
                to.put(ChannelData, item);
            };
            put(&item);
            let frames = call(&endpoint, &functions, &to, &from, memory);
            match frames.iter().map(|frame| frame.code).collect::<Vec<_>>()[..] {
                [ChannelData, ChannelClose] => echoed += 1,
                [ChannelCloseError] => {
                    let text = String::from_utf8_lossy(&frames[0].payload);
                    assert!(
                        text.contains("no memory") || text.contains("memory for"),
                        "{text}"
                    );
                    refused += 1;
                }
                _ => panic!("{memory} {frames:?}"),
            }
            to.put(ChannelClose, b"");
            put(&small);
            let frames = call(&endpoint, &functions, &to, &from, usize::MAX);
            assert!(
                frames.iter().any(|frame| frame.payload == small),
                "{frames:?}"
            );
        }
        println!("{refused} refused, {echoed} echoed");
        assert!(refused > 3 && echoed > 10, "{refused} {echoed}");
    }
}
