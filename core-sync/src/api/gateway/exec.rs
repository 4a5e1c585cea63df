use execnet_serializer::Dict;

use super::Gateway;
use crate::api::channel::Channel;
use crate::call::Call;
use crate::error::SendError;
use crate::frame::MessageCode;
use crate::session::encode;

impl Gateway {
    /// Runs Python source, with the returned channel as `channel` in its globals.
    ///
    /// What all lines have in common in front is taken away first, so that the source can be indented as the Rust
    /// around it is.
    ///
    /// The channel ends when the code does. Where the code raises, receiving gives
    /// [`ReceiveError::Remote`](crate::ReceiveError::Remote), after what it had sent. Dropping the channel closes it, also for
    /// the code that still runs.
    ///
    /// # Errors
    ///
    /// The gateway was exited or lost its peer.
    pub fn remote_exec(&self, source: &str) -> Result<Channel, SendError> {
        self.exec(&Call::source(source))
    }

    /// Runs Python source that defines the function `call_name`, then calls it with the channel and `kwargs`.
    ///
    /// # Errors
    ///
    /// The gateway was exited or lost its peer, or `kwargs` cannot be encoded.
    pub fn remote_exec_function(
        &self,
        source: &str,
        call_name: &str,
        kwargs: &Dict,
    ) -> Result<Channel, SendError> {
        self.exec(&Call::function(source, call_name, kwargs))
    }

    /// Runs the source of a Python module; tracebacks name `file_name`.
    ///
    /// # Errors
    ///
    /// The gateway was exited or lost its peer.
    pub fn remote_exec_module(&self, source: &str, file_name: &str) -> Result<Channel, SendError> {
        self.exec(&Call::module(source, file_name))
    }

    fn exec(&self, call: &Call<'_>) -> Result<Channel, SendError> {
        self.exec_on(self.new_channel()?, call)
    }

    /// Makes a call on a channel that the peer knows nothing of.
    pub(super) fn exec_on(&self, channel: Channel, call: &Call<'_>) -> Result<Channel, SendError> {
        let frame = encode(MessageCode::ChannelExec, channel.id(), call);
        let sent = frame
            .map_err(SendError::from)
            .and_then(|frame| self.shared().send(&frame));
        match sent {
            Ok(()) => Ok(channel),
            Err(error) => {
                channel.forget();
                Err(error)
            }
        }
    }
}
