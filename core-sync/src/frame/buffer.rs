//! Building a frame in one buffer.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use embedded_io::{ErrorKind, ErrorType, Write};
use execnet_serializer::ChannelId;

use super::{Header, MessageCode};
use crate::memory::{self, FALLIBLE};

/// A frame under construction: room for the header, then the payload, in one buffer, so that a finished frame is one
/// write and is never copied.
///
/// The payload is written into it with [`Write`].
///
/// ```
/// use embedded_io::Write;
/// use execnet_core_sync::frame::{FrameBuf, MessageCode};
/// use execnet_serializer::ChannelId;
///
/// let mut frame = FrameBuf::new();
/// frame.write_all(b"LQ").unwrap();
/// let bytes = frame.finish(MessageCode::ChannelData, ChannelId(1)).unwrap();
/// assert_eq!(bytes, b"\x04\0\0\0\x01\0\0\0\x02LQ");
/// ```
#[derive(Debug, Clone)]
pub struct FrameBuf {
    bytes: Vec<u8>,
    /// Offset of the frame: there can be others in front of it.
    start: usize,
}

impl FrameBuf {
    /// A frame with an empty payload.
    #[must_use]
    pub fn new() -> Self {
        Self::behind(Vec::new())
    }

    /// A frame with an empty payload, behind the frames in `bytes`: for several frames in one write.
    #[must_use]
    pub fn behind(mut bytes: Vec<u8>) -> Self {
        let start = bytes.len();
        // Most items are small: header and item fit in this without a second allocation.
        if bytes.capacity() == 0 {
            bytes.reserve(64);
        }
        bytes.extend_from_slice(&[0; Header::SIZE]);
        Self { bytes, start }
    }

    /// Fills in the header, and returns the bytes of the frame, and of the frames in front of it.
    ///
    /// # Errors
    ///
    /// The payload is longer than the 2^31 - 1 bytes that a header can announce.
    pub fn finish(mut self, code: MessageCode, channel: ChannelId) -> Result<Vec<u8>, TooLong> {
        self.seal(code, channel)?;
        Ok(self.bytes)
    }

    fn seal(&mut self, code: MessageCode, channel: ChannelId) -> Result<(), TooLong> {
        let frame = self.bytes.get_mut(self.start..).unwrap_or_default();
        seal(frame, code, channel)
    }
}

/// Fills in the header of a frame, for which it has room.
fn seal(frame: &mut [u8], code: MessageCode, channel: ChannelId) -> Result<(), TooLong> {
    let len = frame.len().saturating_sub(Header::SIZE);
    let header = Header::new(code, channel, len).ok_or(TooLong { len })?;
    if let Some(room) = frame.first_chunk_mut() {
        *room = header.to_bytes();
    }
    Ok(())
}

impl Default for FrameBuf {
    fn default() -> Self {
        Self::new()
    }
}

impl ErrorType for FrameBuf {
    type Error = Infallible;
}

impl Write for FrameBuf {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// As [`FrameBuf`], behind the frames in a buffer of its owner: without memory for the next bytes writing fails.
pub(crate) struct FallibleFrame<'b> {
    bytes: &'b mut Vec<u8>,
    start: usize,
}

impl<'b> FallibleFrame<'b> {
    pub(crate) fn behind(bytes: &'b mut Vec<u8>) -> Result<Self, ErrorKind> {
        let start = bytes.len();
        let mut frame = Self { bytes, start };
        // As in `FrameBuf`.
        if frame.bytes.capacity() == 0 {
            frame.reserve(64)?;
        }
        frame.write(&[0; Header::SIZE])?;
        Ok(frame)
    }

    pub(crate) fn seal(self, code: MessageCode, channel: ChannelId) -> Result<(), TooLong> {
        let frame = self.bytes.get_mut(self.start..).unwrap_or_default();
        seal(frame, code, channel)
    }

    #[inline]
    fn reserve(&mut self, more: usize) -> Result<(), ErrorKind> {
        memory::reserve(self.bytes, more).map_err(|_| ErrorKind::OutOfMemory)
    }
}

impl ErrorType for FallibleFrame<'_> {
    type Error = ErrorKind;
}

impl Write for FallibleFrame<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    // Not as provided, which is a loop around `write`. On devices size counts.
    #[cfg_attr(not(target_os = "none"), inline)]
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), ErrorKind> {
        if FALLIBLE {
            self.reserve(bytes.len())?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// A payload longer than the 2^31 - 1 bytes that a header can announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// The length of the payload in bytes.
    pub len: usize,
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "payload of {} bytes is longer than a frame can carry",
            self.len
        )
    }
}

impl core::error::Error for TooLong {}
