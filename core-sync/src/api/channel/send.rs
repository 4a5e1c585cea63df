//! Sending on a channel.

use alloc::vec::Vec;
use std::io;

use execnet_serializer::Dump;

use super::Channel;
use crate::error::SendError;
use crate::frame::{Header, MessageCode, TooLong};
use crate::link::{Content, Part};
use crate::pickle;
use crate::session::{EncodeFrameError, ITEM_COST, append, encode};

/// `send_all` writes a batch when it has this many bytes.
const BATCH: usize = 64 * 1024;

impl Channel {
    /// Sends an item. Blocks while the link is full because the peer does not read. Nothing else bounds the number of
    /// items that are sent before the peer receives them, unless the two ends agreed on
    /// [credit](crate::GatewayConfig::with_credit).
    ///
    /// An item is written in one piece: items of other channels wait meanwhile. If that takes too long, send large data
    /// in parts; parts of 64 KiB and more reach full throughput.
    ///
    /// # Errors
    ///
    /// The item cannot be encoded, and nothing was sent; or the channel is closed, the gateway was exited, or the
    /// connection is lost.
    pub fn send(&self, item: impl Dump) -> Result<(), SendError> {
        // Encoded before any lock is taken: the item's `Dump` is code of the program, and a large item takes time.
        let mut frame = encode(MessageCode::ChannelData, self.id(), &item)?;
        self.pickle_last(&mut frame, 0);
        self.write(&frame, 1)
    }

    /// Sends items, many in one write: faster than [`send`](Self::send) for small items. The peer sees no difference.
    /// Items of other threads can come between.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). If an item cannot be encoded, the items before it were sent.
    pub fn send_all<T: Dump>(&self, items: impl IntoIterator<Item = T>) -> Result<(), SendError> {
        let mut frames = Vec::with_capacity(1024);
        let mut count = 0;
        for item in items {
            let begin = frames.len();
            let added = append(&mut frames, MessageCode::ChannelData, self.id(), &item);
            // An error of the write comes first: it is about items that the program has handed over before.
            if let Err(error) = added {
                self.write(&frames, count)?;
                return Err(error.into());
            }
            self.pickle_last(&mut frames, begin);
            count += 1;
            // Before the batch grows further: the writer's lock is held for a whole batch, and other senders wait.
            if frames.len() >= BATCH {
                self.write(&frames, count)?;
                frames.clear();
                count = 0;
            }
        }
        self.write(&frames, count)
    }

    /// Whether [`send_with_content`](Self::send_with_content) can do without a copy of the content in memory.
    #[doc(hidden)]
    #[must_use]
    pub fn has_content_writer(&self) -> bool {
        self.gateway().shared().has_content_writer
    }

    /// Sends an item of which a part is not in memory: the encoded item is `head`, the content, and `tail`.
    ///
    /// The inner error is that of reading the content. The item was sent all the same, with zeros instead of the bytes
    /// that could not be read.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    #[doc(hidden)]
    pub fn send_with_content(
        &self,
        head: &[u8],
        content: &dyn Content,
        tail: &[u8],
    ) -> Result<io::Result<()>, SendError> {
        let mut part = Part::new(content, tail);
        let payload = head.len().saturating_add(part.len());
        let header = Header::new(MessageCode::ChannelData, self.id(), payload);
        let too_long = || EncodeFrameError::from(TooLong { len: payload });
        let frame = [&header.ok_or_else(too_long)?.to_bytes(), head].concat();
        // The credit is spent for the announced length, also if the content turns out to be shorter: zeros are sent then.
        let cost = payload.saturating_add(ITEM_COST);
        let shared = self.gateway().shared();
        let condvars = &self.inner.condvars;
        shared.send_on(self.id(), condvars, &frame, Some(&mut part), cost)?;
        Ok(part.into_result())
    }

    /// Makes a pickle of the item in the last frame, which begins there, if the peer reads them and it pays.
    fn pickle_last(&self, frames: &mut Vec<u8>, begin: usize) {
        let payload = begin + Header::SIZE;
        if self.gateway().shared().config.pickles && pickle::replace_payload(frames, payload) {
            // The item fitted a header, and its pickle is not longer.
            let header =
                Header::saturating(MessageCode::ChannelData, self.id(), frames.len() - payload);
            if let Some(place) = frames.get_mut(begin..payload) {
                place.copy_from_slice(&header.to_bytes());
            }
        }
    }

    /// Writes the frames of `count` items.
    fn write(&self, frames: &[u8], count: usize) -> Result<(), SendError> {
        // Sending no items succeeds also on a closed channel.
        if count == 0 {
            return Ok(());
        }
        // Counted as the peer does, for each item, so that both ends agree on the credit.
        let payloads = frames.len().saturating_sub(count * Header::SIZE);
        let cost = payloads.saturating_add(count * ITEM_COST);
        let shared = self.gateway().shared();
        shared.send_on(self.id(), &self.inner.condvars, frames, None, cost)
    }
}
