//! Frames: the messages on a link.
//!
//! A frame is a 9-byte header and a payload; see [`Header`] for its layout. The header is decoded separately, so that a
//! code or a length is refused before a byte of the payload is buffered.
//!
//! The [`session`](crate::session) interprets the payloads.

mod buffer;
mod header;
mod message_code;
mod read;

pub use buffer::{FrameBuf, TooLong};
pub use header::{Header, HeaderError};
pub use message_code::MessageCode;
pub use read::{FrameReader, ReadError};

use alloc::vec::Vec;
use execnet_serializer::ChannelId;

/// A complete frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The kind of frame.
    pub code: MessageCode,
    /// The channel that it is about; 0 for the gateway.
    pub channel: ChannelId,
    /// The undecoded payload.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The header of this frame.
    #[must_use]
    pub fn header(&self) -> Header {
        Header::saturating(self.code, self.channel, self.payload.len())
    }
}
