//! Frames: the messages on a link.
//!
//! A frame is a 9-byte header and a payload; see [`Header`] for its layout. The header is decoded separately, so that a
//! code or a length is refused before a byte of the payload is buffered.
//!
//! The [`session`](crate::session) interprets the payloads.
//!
//! Without a heap, [`encode_to_slice`] makes a frame in memory of the program, and [`Header::from_bytes`] reads the nine
//! bytes in front of a payload.

#[cfg(feature = "alloc")]
mod buffer;
mod header;
mod message_code;
#[cfg(feature = "alloc")]
mod read;
mod slice;
#[cfg(feature = "alloc")]
mod spare;

#[cfg(feature = "alloc")]
pub(crate) use buffer::FallibleFrame;
#[cfg(feature = "alloc")]
pub use buffer::{FrameBuf, TooLong};
pub use header::{Header, HeaderError};
pub use message_code::MessageCode;
#[cfg(feature = "alloc")]
pub use read::{FrameReader, ReadError};
pub use slice::{EncodeToSliceError, encode_to_slice};
#[cfg(feature = "alloc")]
pub(crate) use spare::SpareBuffer;

#[cfg(feature = "alloc")]
use {alloc::vec::Vec, execnet_serializer::ChannelId};

/// A complete frame.
#[cfg(feature = "alloc")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The kind of frame.
    pub code: MessageCode,
    /// The channel that it is about; 0 for the gateway.
    pub channel: ChannelId,
    /// The undecoded payload.
    pub payload: Vec<u8>,
}

#[cfg(feature = "alloc")]
impl Frame {
    /// The header of this frame.
    #[must_use]
    pub fn header(&self) -> Header {
        Header::saturating(self.code, self.channel, self.payload.len())
    }
}
