//! A peer that a test drives frame by frame.

use core::fmt;
use std::io;
use std::io::Write;

use embedded_io_adapters::std::FromStd;
use execnet_serializer::{ChannelId, Dump, DumpOptions};

use super::{PipeReader, PipeWriter, Valve};
use crate::frame::{Frame, FrameReader, Header, MessageCode};

/// A peer that is driven by a test: it reads and writes single frames, valid or not.
pub struct Script {
    frames: FrameReader<FromStd<PipeReader>>,
    writer: Option<PipeWriter>,
    valve: Valve,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}

impl Script {
    pub(super) fn new(reader: PipeReader, writer: PipeWriter) -> Self {
        let valve = reader.valve();
        Self {
            frames: FrameReader::new(FromStd::new(reader), usize::MAX),
            writer: Some(writer),
            valve,
        }
    }

    /// Reads the next frame of the gateway.
    ///
    /// # Errors
    ///
    /// The stream ended or failed.
    pub fn expect(&mut self) -> io::Result<Frame> {
        self.next_frame()?
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Reads the next frame of the gateway. `None` if it has closed its writing end.
    ///
    /// # Errors
    ///
    /// The stream failed, or ended inside a frame.
    pub fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        self.frames.next_frame().map_err(io::Error::other)
    }

    /// Writes a frame with this payload.
    ///
    /// # Errors
    ///
    /// The gateway does not read any more.
    pub fn write(&mut self, code: MessageCode, id: ChannelId, payload: &[u8]) -> io::Result<()> {
        let header = Header::new(code, id, payload.len()).ok_or(io::ErrorKind::InvalidInput)?;
        let mut bytes = header.to_bytes().to_vec();
        bytes.extend_from_slice(payload);
        self.write_raw(&bytes)
    }

    /// Writes an item.
    ///
    /// # Errors
    ///
    /// The gateway does not read any more, or the item cannot be encoded.
    pub fn send(&mut self, id: ChannelId, item: impl Dump) -> io::Result<()> {
        let payload = DumpOptions::wire().dumps(&item).map_err(io::Error::other)?;
        self.write(MessageCode::ChannelData, id, &payload)
    }

    /// Writes any bytes.
    ///
    /// # Errors
    ///
    /// The gateway does not read any more.
    pub fn write_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.writer {
            Some(writer) => writer.write_all(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Whether the gateway has written bytes that were not read yet.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        self.valve.holds_bytes()
    }

    /// Closes the writing end: the gateway sees the end of the stream.
    pub fn hang_up(&mut self) {
        self.writer = None;
    }

    /// A handle of the pipe to which the gateway writes: cutting it makes the writes fail.
    pub fn valve(&self) -> Valve {
        self.valve.clone()
    }
}
