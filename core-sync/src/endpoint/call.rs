//! What an endpoint asks of its peer.

use execnet_serializer::Dict;

use super::{Endpoint, EndpointChannel};
use crate::call::Call;
use crate::error::{SendError, StatusError};
use crate::frame::MessageCode;
use crate::session::{empty, encode};
use crate::status::Status;

impl Endpoint {
    /// Runs source at the peer, with the returned channel: Python source, or the name of a function that a worker in
    /// Rust knows.
    ///
    /// # Errors
    ///
    /// The endpoint was exited or lost its peer.
    pub fn remote_exec(&self, source: &str) -> Result<EndpointChannel, SendError> {
        self.exec(&Call::source(source))
    }

    /// Calls a function at the peer, which `source` defines where the peer is a Python one.
    ///
    /// # Errors
    ///
    /// The endpoint was exited or lost its peer, or `kwargs` cannot be encoded.
    pub fn remote_exec_function(
        &self,
        source: &str,
        call_name: &str,
        kwargs: &Dict,
    ) -> Result<EndpointChannel, SendError> {
        self.exec(&Call::function(source, call_name, kwargs))
    }

    /// Asks the peer how busy it is, and waits for the answer.
    ///
    /// The peer makes no channel for it.
    ///
    /// # Errors
    ///
    /// The endpoint was exited or lost its peer, or the peer answered something else.
    pub fn remote_status(&self) -> Result<Status, StatusError> {
        let channel = self.new_channel()?;
        let frame = empty(MessageCode::Status, channel.id());
        let sent = frame.map_err(SendError::from);
        let sent = sent.and_then(|frame| self.write(&frame));
        let answer = sent.map(|()| channel.receive());
        // The peer closes the channel after its answer; whether that was read yet does not matter any more.
        channel.forget();
        let answer = answer?;
        let answer = answer?;
        Status::from_value(answer.into_value()).ok_or(StatusError::Answer)
    }

    fn exec(&self, call: &Call<'_>) -> Result<EndpointChannel, SendError> {
        let channel = self.new_channel()?;
        let frame = encode(MessageCode::ChannelExec, channel.id(), call);
        let sent = frame
            .map_err(SendError::from)
            .and_then(|frame| self.write(&frame));
        match sent {
            Ok(()) => Ok(channel),
            Err(error) => {
                channel.forget();
                Err(error)
            }
        }
    }

    /// Writes a frame, if the endpoint is alive.
    fn write(&self, frame: &[u8]) -> Result<(), SendError> {
        self.write_if(frame, |state| state.check_alive())
    }
}
