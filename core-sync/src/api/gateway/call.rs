//! Calls of the peer's code, and requests for its status.

use core::time::Duration;

use execnet_serializer::Dict;

use super::Gateway;
use crate::api::channel::Channel;
use crate::call::Call;
use crate::error::{SendError, StatusError};
use crate::frame::MessageCode;
use crate::session::{empty, encode};
use crate::status::Status;
use crate::sync::Deadline;

impl Gateway {
    /// Runs Python source, with the returned channel as `channel` in its globals.
    ///
    /// The common indentation of all lines is removed first, so that the source can be indented like the Rust code
    /// around it.
    ///
    /// The channel ends when the code ends. If the code raises, receiving returns
    /// [`ReceiveError::Remote`](crate::ReceiveError::Remote), after the items that it has sent. Dropping the channel
    /// closes it, also if the code still runs.
    ///
    /// # Errors
    ///
    /// The gateway was exited, or the connection is lost.
    pub fn remote_exec(&self, source: &str) -> Result<Channel, SendError> {
        self.exec(&Call::source(source))
    }

    /// Runs Python source that defines the function `call_name`, then calls it with the channel and `kwargs`.
    ///
    /// # Errors
    ///
    /// The gateway was exited, the connection is lost, or `kwargs` cannot be encoded.
    pub fn remote_exec_function(
        &self,
        source: &str,
        call_name: &str,
        kwargs: &Dict,
    ) -> Result<Channel, SendError> {
        self.exec(&Call::function(source, call_name, kwargs))
    }

    /// Runs the source of a Python module. Tracebacks name `file_name`.
    ///
    /// # Errors
    ///
    /// The gateway was exited, or the connection is lost.
    pub fn remote_exec_module(&self, source: &str, file_name: &str) -> Result<Channel, SendError> {
        self.exec(&Call::module(source, file_name))
    }

    /// Requests the status of the peer: its open channels and running calls. Waits for the answer.
    ///
    /// # Errors
    ///
    /// The gateway was exited, the connection is lost, or the answer has another form.
    pub fn remote_status(&self) -> Result<Status, StatusError> {
        self.status_until(Deadline::NEVER)
    }

    /// As [`remote_status`](Self::remote_status), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`remote_status`](Self::remote_status), or no answer arrived within `timeout` ([`StatusError::is_timeout`]).
    pub fn remote_status_timeout(&self, timeout: Duration) -> Result<Status, StatusError> {
        self.status_until(Deadline::after(timeout))
    }

    fn status_until(&self, deadline: Deadline) -> Result<Status, StatusError> {
        let channel = self.own_channel()?;
        let sent = self
            .shared()
            .send(&empty(MessageCode::Status, channel.id()));
        let answer = sent.map(|()| channel.receive_until(deadline));
        // In any case without a CLOSE: the peer makes no channel for the request, and sends a CLOSE behind its answer.
        channel.forget();
        let answer = answer??;
        Status::from_value(answer.into_value()).ok_or(StatusError::Answer)
    }
    fn exec(&self, call: &Call<'_>) -> Result<Channel, SendError> {
        self.exec_on(self.new_channel()?, call)
    }

    /// Calls code on a channel that the peer does not know yet.
    pub(super) fn exec_on(&self, channel: Channel, call: &Call<'_>) -> Result<Channel, SendError> {
        let frame = encode(MessageCode::ChannelExec, channel.id(), call);
        let sent = frame
            .map_err(SendError::from)
            .and_then(|frame| self.shared().send(&frame));
        // The peer does not know the channel: no CLOSE for it.
        sent.inspect_err(|_| channel.forget())?;
        Ok(channel)
    }
}
