//! The header of a frame.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;
use core::fmt;

use execnet_serializer::ChannelId;

#[cfg(feature = "alloc")]
use super::Frame;
use super::MessageCode;

/// The 9 bytes in front of every payload. All numbers are big-endian:
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | 1 | message code, signed |
/// | 1 | 4 | channel id, signed |
/// | 5 | 4 | length of the payload in bytes, signed |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The kind of frame.
    pub code: MessageCode,
    /// The channel that it is about; 0 for the gateway.
    pub channel: ChannelId,
    len: i32,
}

impl Header {
    /// Length of a header in bytes.
    pub const SIZE: usize = 9;

    /// A header for a payload of `len` bytes; `None` above 2^31 - 1, which it cannot represent.
    #[must_use]
    pub fn new(code: MessageCode, channel: ChannelId, len: usize) -> Option<Self> {
        let len = i32::try_from(len).ok()?;
        Some(Self { code, channel, len })
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn saturating(code: MessageCode, channel: ChannelId, len: usize) -> Self {
        let len = i32::try_from(len).unwrap_or(i32::MAX);
        Self { code, channel, len }
    }

    /// The encoded header.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::SIZE] {
        let [code] = self.code.to_wire().to_be_bytes();
        let [a, b, c, d] = self.channel.0.to_be_bytes();
        let [w, x, y, z] = self.len.to_be_bytes();
        [code, a, b, c, d, w, x, y, z]
    }

    /// Decodes a header. Any nine bytes are a header; [`payload_len`](Self::payload_len) checks the length.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::SIZE]) -> Self {
        let [code, a, b, c, d, w, x, y, z] = bytes;
        Self {
            code: MessageCode::from_wire(i8::from_be_bytes([code])),
            channel: ChannelId(i32::from_be_bytes([a, b, c, d])),
            len: i32::from_be_bytes([w, x, y, z]),
        }
    }

    /// Combines the header with a payload.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn with_payload(self, payload: Vec<u8>) -> Frame {
        Frame {
            code: self.code,
            channel: self.channel,
            payload,
        }
    }

    /// The length of the payload in bytes.
    ///
    /// # Errors
    ///
    /// The announced length is negative, or above `limit`.
    pub fn payload_len(&self, limit: usize) -> Result<usize, HeaderError> {
        match usize::try_from(self.len) {
            Ok(len) if len <= limit => Ok(len),
            Ok(len) => Err(HeaderError::TooLong { len, limit }),
            Err(_) => Err(HeaderError::NegativeLength(self.len)),
        }
    }
}

/// A header announces a payload that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderError {
    /// The announced length of the payload is below zero.
    NegativeLength(i32),
    /// The announced length of the payload is above what this end accepts.
    TooLong {
        /// The announced length in bytes.
        len: usize,
        /// The longest payload accepted, in bytes.
        limit: usize,
    },
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NegativeLength(len) => write!(f, "frame announces a payload of {len} bytes"),
            Self::TooLong { len, limit } => {
                write!(
                    f,
                    "frame announces a payload of {len} bytes, above the limit of {limit}"
                )
            }
        }
    }
}

impl core::error::Error for HeaderError {}
