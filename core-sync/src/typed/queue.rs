use serde_core::de::DeserializeOwned;

use crate::api::{MultiChannel, MultiError, ReceiveQueue};
use crate::error::SetCallbackError;

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
        self.queue(false, |raw| super::decode(&raw))
    }

    /// As [`make_receive_queue_as`](Self::make_receive_queue_as), with an end marker for each channel.
    ///
    /// # Errors
    ///
    /// As [`make_receive_queue`](Self::make_receive_queue).
    pub fn make_receive_queue_as_with_end_markers<T: DeserializeOwned + Send + 'static>(
        &self,
    ) -> Result<ReceiveQueue<T>, MultiError<SetCallbackError>> {
        self.queue(true, |raw| super::decode(&raw))
    }
}
