use alloc::vec::Vec;
use std::fs::File;
use std::io;

use execnet_serializer::Dump;

use super::Channel;
use crate::error::SendError;
use crate::frame::{Header, MessageCode, TooLong};
use crate::link::FilePart;
use crate::session::{EncodeFrameError, ITEM_COST, append, encode};

/// Items of a batch leave when they are so many bytes together.
const BATCH: usize = 64 * 1024;

impl Channel {
    /// Sends an item. Waits where the link takes no more, which is when the peer does not read; there is no other
    /// bound on how much is sent ahead of the receiver, unless the two ends agreed on
    /// [credit](crate::GatewayConfig::credit).
    ///
    /// An item goes over the link in one piece: those of other channels wait while its bytes go, and for nothing else.
    /// Where they must not, send what is large in parts; beyond 64 KiB they lose no speed.
    ///
    /// # Errors
    ///
    /// The item cannot be encoded, and then nothing was sent; or the channel is closed, the gateway was exited,
    /// or the peer is gone.
    pub fn send(&self, item: impl Dump) -> Result<(), SendError> {
        let frame = encode(MessageCode::ChannelData, self.id(), &item)?;
        self.write(&frame, 1)
    }

    /// Sends items, many to a write: the fast way for small ones. On the wire it is as if each had been sent with
    /// [`send`](Self::send); items of other threads can come between.
    ///
    /// # Errors
    ///
    /// As `send`. Where an item cannot be encoded, those in front of it were sent.
    pub fn send_all<T: Dump>(&self, items: impl IntoIterator<Item = T>) -> Result<(), SendError> {
        let mut frames = Vec::with_capacity(1024);
        let mut count = 0;
        for item in items {
            let added = append(&mut frames, MessageCode::ChannelData, self.id(), &item);
            if let Err(error) = added {
                self.write(&frames, count)?;
                return Err(error.into());
            }
            count += 1;
            if frames.len() >= BATCH {
                self.write(&frames, count)?;
                frames.clear();
                count = 0;
            }
        }
        self.write(&frames, count)
    }

    /// Whether [`send_file`](Self::send_file) sends without taking the file into memory.
    #[doc(hidden)]
    #[must_use]
    pub fn takes_files(&self) -> bool {
        self.gateway().shared().takes_files
    }

    /// Sends an item part of which is in a file. The inner error is the file's: it became shorter, or cannot be read. Then
    /// there are zeros in its place, and the item was sent all the same.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    #[doc(hidden)]
    pub fn send_file(&self, item: &FileItem<'_>) -> Result<io::Result<()>, SendError> {
        let payload = [item.head.len(), item.len, item.tail.len()];
        let payload = payload.into_iter().fold(0, usize::saturating_add);
        let header = Header::new(MessageCode::ChannelData, self.id(), payload);
        let too_long = || EncodeFrameError::from(TooLong { len: payload });
        let frame = [&header.ok_or_else(too_long)?.to_bytes(), item.head].concat();
        let mut part = FilePart {
            file: item.file,
            offset: item.offset,
            len: item.len,
            tail: item.tail,
            failure: None,
        };
        let cost = payload.saturating_add(ITEM_COST);
        let shared = self.gateway().shared();
        shared.send_on(
            self.id(),
            &self.handle.condvars,
            &frame,
            Some(&mut part),
            cost,
        )?;
        Ok(part.failure.map_or(Ok(()), Err))
    }

    /// Writes the frames of so many items.
    fn write(&self, frames: &[u8], count: usize) -> Result<(), SendError> {
        if count == 0 {
            return Ok(());
        }
        let payloads = frames.len().saturating_sub(count * Header::SIZE);
        let cost = payloads.saturating_add(count * ITEM_COST);
        let shared = self.gateway().shared();
        shared.send_on(self.id(), &self.handle.condvars, frames, None, cost)
    }
}

/// An item part of which is in a file: see [`Channel::send_file`].
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct FileItem<'a> {
    /// What is in front of that part, encoded.
    pub head: &'a [u8],
    /// Where the part is.
    pub file: &'a File,
    /// Where it begins there.
    pub offset: u64,
    /// How long it is, in bytes.
    pub len: usize,
    /// What follows, up to the end of the item.
    pub tail: &'a [u8],
}
