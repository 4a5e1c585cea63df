//! Calls of the peer's functions, and requests for its status.

use execnet_serializer::Dict;

use super::{Endpoint, EndpointChannel};
use crate::call::Call;
use crate::error::{SendError, StatusError};
use crate::frame::MessageCode;
use crate::session::{empty, encode};
use crate::status::Status;

impl Endpoint {
    /// Runs source at the peer, with the returned channel: Python source, or the name of a function of a Rust worker.
    ///
    /// # Errors
    ///
    /// The endpoint was exited, or the connection is lost.
    pub fn remote_exec(&self, source: &str) -> Result<EndpointChannel, SendError> {
        self.exec(&Call::source(source))
    }

    /// Calls a function at the peer. If the peer is a Python one, `source` defines the function.
    ///
    /// # Errors
    ///
    /// The endpoint was exited, the connection is lost, or `kwargs` cannot be encoded.
    pub fn remote_exec_function(
        &self,
        source: &str,
        call_name: &str,
        kwargs: &Dict,
    ) -> Result<EndpointChannel, SendError> {
        self.exec(&Call::function(source, call_name, kwargs))
    }

    /// Requests the status of the peer: its open channels and running calls. Waits for the answer.
    ///
    /// # Errors
    ///
    /// The endpoint was exited, the connection is lost, or the answer has another form.
    pub fn remote_status(&self) -> Result<Status, StatusError> {
        let channel = self.new_channel()?;
        let sent = self.write(&empty(MessageCode::Status, channel.id()));
        let answer = sent.map(|()| channel.receive());
        // In any case without a CLOSE: the peer makes no channel for the request, and sends a CLOSE behind its answer.
        channel.forget();
        let answer = answer??;
        Status::from_value(answer.into_value()).ok_or(StatusError::Answer)
    }

    fn exec(&self, call: &Call<'_>) -> Result<EndpointChannel, SendError> {
        let channel = self.new_channel()?;
        let frame = encode(MessageCode::ChannelExec, channel.id(), call);
        let sent = frame
            .map_err(SendError::from)
            .and_then(|frame| self.write(&frame));
        // The peer does not know the channel: no CLOSE for it.
        sent.inspect_err(|_| channel.forget())?;
        Ok(channel)
    }

    /// Writes a frame, if the endpoint is alive.
    fn write(&self, frame: &[u8]) -> Result<(), SendError> {
        let written = self.write_if(frame, |state| {
            state.lifecycle.check_alive()?;
            Ok(true)
        });
        written.map(drop)
    }
}
