use core::time::Duration;

use super::Gateway;
use crate::api::channel::Channel;
use crate::error::{SendError, StatusError};
use crate::frame::MessageCode;
use crate::session::empty;
use crate::status::Status;
use crate::sync::Deadline;

impl Gateway {
    /// Asks the peer how busy it is, and waits for the answer.
    ///
    /// The peer makes no channel for it.
    ///
    /// # Errors
    ///
    /// The gateway was exited or lost its peer, or the peer answered something else.
    pub fn remote_status(&self) -> Result<Status, StatusError> {
        self.status_until(Deadline::NEVER)
    }

    /// As [`remote_status`](Self::remote_status), waiting for no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As there, or no answer came in time.
    pub fn remote_status_timeout(&self, timeout: Duration) -> Result<Status, StatusError> {
        self.status_until(Deadline::after(timeout))
    }

    fn status_until(&self, deadline: Deadline) -> Result<Status, StatusError> {
        let channel = self.ask_status()?;
        let answer = channel.receive_until(deadline);
        // It closes the channel after its answer; whether that has come yet does not matter any more.
        channel.forget();
        let answer = answer?;
        Status::from_value(answer.into_value()).ok_or(StatusError::Answer)
    }

    fn ask_status(&self) -> Result<Channel, SendError> {
        let channel = self.own_channel()?;
        let frame = empty(MessageCode::Status, channel.id())?;
        match self.shared().send(&frame) {
            Ok(()) => Ok(channel),
            Err(error) => {
                channel.forget();
                Err(error)
            }
        }
    }
}
