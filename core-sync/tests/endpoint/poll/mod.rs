//! Endpoints that a main loop polls, over a link that panics on a read or write that would block.

mod limits;
mod memory;
mod progress;

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::convert::Infallible;
use std::sync::{Mutex, MutexGuard};

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use execnet_core_sync::Role;
use execnet_core_sync::endpoint::{Endpoint, EndpointConfig};
use execnet_core_sync::frame::MessageCode::{self, ChannelData};
use execnet_core_sync::frame::{Frame, FrameReader, Header};
use execnet_serializer::{ChannelId, Dump, DumpOptions};

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
