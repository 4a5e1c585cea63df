//! Frames: what the two ends of a gateway send each other.
//!
//! A frame is a 9-byte header and a payload; see [`Header`] for its layout. The header is parsed apart from
//! the payload, so that a code or a length that will be refused is refused before a byte of payload is buffered.
//!
//! Nothing here knows what a payload means: that is the [`session`](crate::session)'s.

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

/// One whole frame, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the frame asks for.
    pub code: MessageCode,
    /// The channel it is about; 0 where it is about the gateway.
    pub channel: ChannelId,
    /// The payload, not looked into.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The header this frame has on the wire.
    #[must_use]
    pub fn header(&self) -> Header {
        Header::saturating(self.code, self.channel, self.payload.len())
    }
}
