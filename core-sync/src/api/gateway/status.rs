use core::time::Duration;

use super::Gateway;
use crate::error::StatusError;
use crate::frame::MessageCode;
use crate::session::empty;
use crate::status::Status;
use crate::sync::Deadline;

impl Gateway {
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
}
