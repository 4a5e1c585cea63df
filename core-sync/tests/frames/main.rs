//! Frames on the wire: reading, writing, and the texts of their errors.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod malformed;
mod split;
mod texts;
mod vectors;

use execnet_core_sync::frame::{Frame, FrameBuf, FrameReader};

const LIMIT: usize = 1 << 20;

fn write(frame: &Frame) -> Vec<u8> {
    let mut buffer = FrameBuf::new();
    embedded_io::Write::write_all(&mut buffer, &frame.payload).unwrap();
    buffer.finish(frame.code, frame.channel).unwrap()
}

fn read_all(stream: &[u8]) -> Vec<Frame> {
    let mut frames = FrameReader::new(stream, LIMIT);
    core::iter::from_fn(|| frames.next_frame().unwrap()).collect()
}
