//! Frames in memory of a fixed size.

use core::fmt;

use embedded_io::SliceWriteError;
use execnet_serializer::{ChannelId, Dump, DumpOptions, EncodeError};

use super::{Header, MessageCode};

/// Encodes a frame with `value` as its payload into the start of `buffer`, without a heap, and returns its bytes.
///
/// ```
/// use execnet_core_sync::frame::{MessageCode, encode_to_slice};
/// use execnet_serializer::ChannelId;
///
/// let mut buffer = [0; 32];
/// let frame = encode_to_slice(MessageCode::ChannelData, ChannelId(1), &42, &mut buffer)?;
/// assert_eq!(frame, b"\x04\0\0\0\x01\0\0\0\x06F\0\0\0\x2aQ");
/// # Ok::<(), execnet_core_sync::frame::EncodeToSliceError>(())
/// ```
///
/// # Errors
///
/// The value cannot be represented in the format, or the frame is longer than the buffer.
pub fn encode_to_slice<'b>(
    code: MessageCode,
    channel: ChannelId,
    value: &(impl Dump + ?Sized),
    buffer: &'b mut [u8],
) -> Result<&'b [u8], EncodeToSliceError> {
    let (head, body) = buffer
        .split_first_chunk_mut::<{ Header::SIZE }>()
        .ok_or(EncodeToSliceError::Full)?;
    let payload = DumpOptions::wire().dump_to_slice(value, body);
    let len = payload.map_err(EncodeToSliceError::of)?.len();
    let header = Header::new(code, channel, len).ok_or(EncodeToSliceError::Full)?;
    *head = header.to_bytes();
    Ok(buffer.get(..Header::SIZE + len).unwrap_or_default())
}

/// A frame cannot be encoded into a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeToSliceError {
    /// The frame is longer than the slice, or than a frame can be.
    Full,
    /// The value cannot be represented in the format.
    Value,
}

impl EncodeToSliceError {
    fn of(error: EncodeError<SliceWriteError>) -> Self {
        match error {
            EncodeError::Io(_) => Self::Full,
            EncodeError::Value(_) => Self::Value,
        }
    }
}

impl fmt::Display for EncodeToSliceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the frame does not fit into the buffer",
            Self::Value => "the value cannot be represented in the format",
        })
    }
}

impl core::error::Error for EncodeToSliceError {}
