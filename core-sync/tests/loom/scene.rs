//! A gateway with a scripted peer.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;
use std::sync::mpsc;

use embedded_io::Write as _;
use execnet_core_sync::frame::{FrameBuf, FrameReader, Header, MessageCode};
use execnet_core_sync::link::{Link, NoControl};
use execnet_core_sync::{Channel, Gateway, GatewayConfig, Item, Role};
use execnet_serializer::{ChannelId, DumpOptions};
use loom::sync::{Condvar, Mutex};

/// The reading end of the gateway: the frames of the peer, once the first gate is open, and the end of the stream, once the
/// second is.
struct Peer {
    frames: Vec<Vec<u8>>,
    speaks: Arc<Gate>,
    leaves: Arc<Gate>,
}

#[derive(Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }

    pub(crate) fn pass(&self) {
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.changed.wait(open).unwrap();
        }
    }
}

/// Each frame is a read of its own.
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

/// The writing end of the gateway. Each write is a whole number of frames. The peer ends the stream after TERMINATE.
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

/// A gateway with one channel, whose peer waits for the gates.
pub(crate) struct Scene {
    pub(crate) gateway: Gateway,
    pub(crate) channel: Channel,
    pub(crate) speaks: Arc<Gate>,
    pub(crate) leaves: Arc<Gate>,
    written: mpsc::Receiver<Vec<u8>>,
}

pub(crate) fn scene(
    frames: Vec<Vec<u8>>,
    configure: impl FnOnce(GatewayConfig) -> GatewayConfig,
) -> Scene {
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
    let config = configure(GatewayConfig::new("gw0", Role::Initiator));
    let gateway = Gateway::new(link, config).unwrap();
    let channel = gateway.new_channel().unwrap();
    Scene {
        gateway,
        channel,
        speaks,
        leaves,
        written,
    }
}

impl Scene {
    /// The peer ends the stream.
    pub(crate) fn finish(self) -> Vec<MessageCode> {
        self.leaves.open();
        self.end()
    }

    /// The gateway exits.
    pub(crate) fn exit(self) -> Vec<MessageCode> {
        self.gateway.exit();
        self.end()
    }

    /// Waits for the threads of the gateway. Returns the codes of the frames that were written.
    fn end(self) -> Vec<MessageCode> {
        drop(self.channel);
        assert!(self.gateway.join());
        let bytes: Vec<u8> = self.written.try_iter().flatten().collect();
        let mut frames = FrameReader::with_capacity(Header::SIZE, &*bytes, 1000);
        let frames = core::iter::from_fn(|| frames.next_frame().unwrap());
        frames.map(|frame| frame.code).collect()
    }
}

pub(crate) fn frame_of(code: MessageCode, id: ChannelId, payload: &[u8]) -> Vec<u8> {
    let mut frame = FrameBuf::new();
    let Ok(()) = frame.write_all(payload);
    frame.finish(code, id).unwrap()
}

/// A frame of the first channel.
pub(crate) fn frame(code: MessageCode, payload: &[u8]) -> Vec<u8> {
    frame_of(code, ChannelId(1), payload)
}

pub(crate) fn item(number: i32) -> Vec<u8> {
    frame(
        MessageCode::ChannelData,
        &DumpOptions::wire().dumps(&number).unwrap(),
    )
}

pub(crate) fn close() -> Vec<u8> {
    frame(MessageCode::ChannelClose, b"")
}

pub(crate) fn number(item: &Item) -> i64 {
    item.as_i64().unwrap()
}
