use alloc::vec::Vec;
use core::time::Duration;

use execnet_serializer::typed::Serde;
use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

use super::decode;
use crate::api::Channel;
use crate::error::{ItemError, ReceiveError, SendError};
use crate::item::RawItem;
use crate::sync::Deadline;

/// Items as Rust types, straight from and to their bytes: with the feature `serde`.
///
/// What a type is to Python, and which types an item can be read as, stands in
/// [`execnet_serializer::typed`].
impl Channel {
    /// Sends a value of any type that serde knows. To the peer it is an item like others.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); of what cannot be said the error names the path, as in `[1].data`.
    pub fn send_as<T: Serialize + ?Sized>(&self, item: &T) -> Result<(), SendError> {
        self.send(Serde(item))
    }

    /// Waits for the next item, and reads it as a `T`. Channels that the item names are closed; see
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
    /// As [`receive`](Self::receive). An item of another type is [`ItemError::Type`], with the path to what does not
    /// fit; it is skipped, and the channel goes on.
    pub fn receive_as<T: DeserializeOwned>(&self) -> Result<T, ReceiveError> {
        self.typed(Deadline::NEVER, decode)
    }

    /// As [`receive_as`](Self::receive_as), for no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As there, or [`ReceiveError::Timeout`].
    pub fn receive_as_timeout<T: DeserializeOwned>(
        &self,
        timeout: Duration,
    ) -> Result<T, ReceiveError> {
        self.typed(Deadline::after(timeout), decode)
    }

    /// As [`receive_as`](Self::receive_as), with the channels that the item names, in the order of their ids. In a `T`
    /// they are [`ChannelId`](execnet_serializer::ChannelId)s.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn receive_as_with_channels<T: DeserializeOwned>(
        &self,
    ) -> Result<(T, Vec<Self>), ReceiveError> {
        self.typed(Deadline::NEVER, |raw| {
            let item = decode(raw)?;
            Ok((item, core::mem::take(&mut raw.channels)))
        })
    }

    /// Receives items as `T`s until the channel ends. The end is the end of the iteration; other errors are handed
    /// out.
    pub fn iter_as<T: DeserializeOwned>(&self) -> impl Iterator<Item = Result<T, ReceiveError>> {
        let mut over = false;
        core::iter::from_fn(move || {
            if over {
                return None;
            }
            let received = self.receive_as();
            over = !matches!(received, Ok(_) | Err(ReceiveError::Item(_)));
            match received {
                Err(ReceiveError::Closed) => None,
                received => Some(received),
            }
        })
    }

    pub(super) fn typed<T>(
        &self,
        deadline: Deadline,
        decode: impl FnOnce(&mut RawItem<Self>) -> Result<T, ItemError>,
    ) -> Result<T, ReceiveError> {
        let mut raw = self.receive_raw(deadline)?;
        decode(&mut raw).map_err(ReceiveError::Item)
    }
}
