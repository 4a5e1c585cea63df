use alloc::vec::Vec;

use execnet_serializer::Dump;

use super::Channel;
use crate::error::SendError;
use crate::frame::{Header, MessageCode};
use crate::session::{ITEM_COST, append, encode};

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

    /// Writes the frames of so many items.
    fn write(&self, frames: &[u8], count: usize) -> Result<(), SendError> {
        if count == 0 {
            return Ok(());
        }
        let payloads = frames.len().saturating_sub(count * Header::SIZE);
        let cost = payloads.saturating_add(count * ITEM_COST);
        let shared = self.gateway().shared();
        shared.send_on(self.id(), &self.handle.bell, frames, cost)
    }
}
