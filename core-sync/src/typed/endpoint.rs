use alloc::vec::Vec;

use execnet_serializer::typed::Serde;
use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

use super::decode;
use crate::endpoint::EndpointChannel;
use crate::error::{ReceiveError, SendError};

/// Items as Rust types, straight from and to their bytes: with the feature `serde`.
impl EndpointChannel {
    /// Sends a value of any type that serde knows. To the peer it is an item like others.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); of what cannot be said the error names the path.
    pub fn send_as<T: Serialize + ?Sized>(&self, item: &T) -> Result<(), SendError> {
        self.send(Serde(item))
    }

    /// Waits for the next item, and reads it as a `T`. Channels that the item names are closed; see
    /// [`receive_as_with_channels`](Self::receive_as_with_channels).
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive). An item of another type is
    /// [`ItemError::Type`](crate::ItemError::Type), with the path to what does not fit; it is skipped, and the channel goes
    /// on.
    pub fn receive_as<T: DeserializeOwned>(&self) -> Result<T, ReceiveError> {
        decode(&mut self.receive_raw()?).map_err(ReceiveError::Item)
    }

    /// As [`receive_as`](Self::receive_as), with the channels that the item names, in the order of their ids.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn receive_as_with_channels<T: DeserializeOwned>(
        &self,
    ) -> Result<(T, Vec<Self>), ReceiveError> {
        let mut raw = self.receive_raw()?;
        let item = decode(&mut raw)?;
        Ok((item, raw.channels))
    }
}
