//! Items of a gateway's channels as Rust types.

use alloc::vec::Vec;
use core::time::Duration;

use execnet_serializer::typed::Serde;
use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

use super::decode;
use crate::api::{Channel, MultiChannel, MultiError, ReceiveQueue, next_item};
use crate::error::{ItemError, ReceiveError, SendError, SetCallbackError};
use crate::item::RawItem;
use crate::sync::Deadline;

/// Items as Rust types, decoded from and encoded to their bytes directly: with the feature `serde`.
///
/// [`execnet_serializer::typed`] describes how types and Python's values correspond.
impl Channel {
    /// Sends a value of a serializable type. The peer sees an ordinary item.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). If the value cannot be represented, the error has the path, as in `[1].data`.
    pub fn send_as<T: Serialize + ?Sized>(&self, item: &T) -> Result<(), SendError> {
        self.send(Serde(item))
    }

    /// Waits for the next item, and decodes it as a `T`. Channels that the item names are closed; see
    /// [`receive_as_with_channels`](Self::receive_as_with_channels).
    ///
    /// ```no_run
    /// # fn example(gateway: execnet_core_sync::Gateway) -> Result<(), Box<dyn std::error::Error>> {
    /// #[derive(serde::Deserialize)]
    /// struct Disk { path: String, free: u64 }
    ///
    /// let channel = gateway.remote_exec("channel.send([{'path': '/', 'free': 1 << 40}])")?;
    /// let disks: Vec<Disk> = channel.receive_as()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive). An item of another type is [`ItemError::Type`], with the path to the mismatch; it
    /// is skipped, and the channel stays open.
    pub fn receive_as<T: DeserializeOwned>(&self) -> Result<T, ReceiveError> {
        self.typed(Deadline::NEVER, |raw| decode(&raw))
    }

    /// As [`receive_as`](Self::receive_as), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`receive_as`](Self::receive_as), or [`ReceiveError::Timeout`].
    pub fn receive_as_timeout<T: DeserializeOwned>(
        &self,
        timeout: Duration,
    ) -> Result<T, ReceiveError> {
        self.typed(Deadline::after(timeout), |raw| decode(&raw))
    }

    /// As [`receive_as`](Self::receive_as), with the channels that the item names, in the order of their ids. In a `T`
    /// they are [`ChannelId`](execnet_serializer::ChannelId)s.
    ///
    /// # Errors
    ///
    /// As [`receive_as`](Self::receive_as).
    pub fn receive_as_with_channels<T: DeserializeOwned>(
        &self,
    ) -> Result<(T, Vec<Self>), ReceiveError> {
        self.typed(Deadline::NEVER, |raw| Ok((decode(&raw)?, raw.channels)))
    }

    /// Receives items as `T`s until the channel ends. A clean end ends the iteration; other errors are returned.
    pub fn iter_as<T: DeserializeOwned>(&self) -> impl Iterator<Item = Result<T, ReceiveError>> {
        let mut ended = false;
        core::iter::from_fn(move || next_item(&mut ended, || self.receive_as()))
    }

    pub(super) fn typed<T>(
        &self,
        deadline: Deadline,
        decode: impl FnOnce(RawItem<Self>) -> Result<T, ItemError>,
    ) -> Result<T, ReceiveError> {
        decode(self.receive_raw(deadline)?).map_err(ReceiveError::Item)
    }
}

impl MultiChannel {
    /// As [`make_receive_queue`](Self::make_receive_queue), with items that are decoded as `T`s. Channels that they
    /// name are closed. An item of another type closes its channel;
    /// [`Channel::callback_error`](crate::Channel::callback_error) has the path to the mismatch.
    ///
    /// # Errors
    ///
    /// As [`make_receive_queue`](Self::make_receive_queue).
    pub fn make_receive_queue_as<T: DeserializeOwned + Send + 'static>(
        &self,
    ) -> Result<ReceiveQueue<T>, MultiError<SetCallbackError>> {
        self.queue(false, |raw| decode(&raw))
    }

    /// As [`make_receive_queue_as`](Self::make_receive_queue_as), with an end marker for each channel.
    ///
    /// # Errors
    ///
    /// As [`make_receive_queue`](Self::make_receive_queue).
    pub fn make_receive_queue_as_with_end_markers<T: DeserializeOwned + Send + 'static>(
        &self,
    ) -> Result<ReceiveQueue<T>, MultiError<SetCallbackError>> {
        self.queue(true, |raw| decode(&raw))
    }
}
