use core::fmt;

use super::{ReceiveError, SendError};
use crate::report::{debug_as_report, inner_sources};

/// The status of the peer, or its description, is not available.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusError {
    /// The question could not be sent.
    Send(SendError),
    /// No answer was received.
    Receive(ReceiveError),
    /// The answer has another form.
    Answer,
}

debug_as_report!(StatusError);

inner_sources!(StatusError: Send, Receive);

impl StatusError {
    /// Whether no answer arrived in time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Receive(ReceiveError::Timeout))
    }

    /// Whether the connection is lost, or the gateway was exited.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        match self {
            Self::Send(error) => error.is_disconnected(),
            Self::Receive(error) => error.is_disconnected(),
            Self::Answer => false,
        }
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(error) => write!(f, "the status was not requested: {error}"),
            Self::Receive(error) => write!(f, "no status was received: {error}"),
            Self::Answer => f.write_str("the answer is not a status"),
        }
    }
}
