//! Items of an endpoint's channels as Rust types.

use alloc::vec::Vec;

use execnet_serializer::typed::Serde;
use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

use super::decode;
use crate::endpoint::EndpointChannel;
use crate::error::{ReceiveError, SendError};

/// Items as Rust types, decoded from and encoded to their bytes directly: with the feature `serde`.
impl EndpointChannel {
    /// Sends a value of a serializable type. The peer sees an ordinary item.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send). If the value cannot be represented, the error has the path.
    pub fn send_as<T: Serialize + ?Sized>(&self, item: &T) -> Result<(), SendError> {
        self.send(Serde(item))
    }

    /// Waits for the next item, and decodes it as a `T`. Channels that the item names are closed; see
    /// [`receive_as_with_channels`](Self::receive_as_with_channels).
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive). An item of another type is [`ItemError::Type`](crate::ItemError::Type), with the
    /// path to the mismatch; it is skipped, and the channel stays open.
    pub fn receive_as<T: DeserializeOwned>(&self) -> Result<T, ReceiveError> {
        Ok(decode(&self.receive_raw()?)?)
    }

    /// As [`receive_as`](Self::receive_as), with the channels that the item names, in the order of their ids.
    ///
    /// # Errors
    ///
    /// As [`receive_as`](Self::receive_as).
    pub fn receive_as_with_channels<T: DeserializeOwned>(
        &self,
    ) -> Result<(T, Vec<Self>), ReceiveError> {
        let raw = self.receive_raw()?;
        Ok((decode(&raw)?, raw.channels))
    }
}
