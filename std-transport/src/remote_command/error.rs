//! Why a remote command has no result.

use core::fmt;
use std::io;

use execnet_core_sync::{ReceiveError, SendError, WaitCloseError};

use crate::error::{debug_as_report, inner_sources};

/// A remote command did not run to its end.
#[non_exhaustive]
pub enum CommandError {
    /// It could not be started: there is no such program or directory, or it may not be run.
    Start(io::Error),
    /// It did not end in time, and was killed.
    Timeout,
    /// The request could not be sent: the connection is lost, or the gateway was exited.
    Send(SendError),
    /// The worker is gone, or its code failed.
    Receive(ReceiveError),
}

debug_as_report!(CommandError);
inner_sources!(CommandError: Start, Send, Receive);

impl CommandError {
    /// Why the command could not be started, if that is the error.
    #[must_use]
    pub const fn as_start(&self) -> Option<&io::Error> {
        match self {
            Self::Start(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the command did not end in time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether the connection is lost.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        match self {
            Self::Send(error) => error.is_disconnected(),
            Self::Receive(error) => error.is_disconnected(),
            Self::Start(_) | Self::Timeout => false,
        }
    }

    /// As an error of reading or writing.
    pub(super) fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Timeout => io::ErrorKind::TimedOut,
            error if error.is_disconnected() => io::ErrorKind::BrokenPipe,
            _ => io::ErrorKind::Other,
        };
        io::Error::new(kind, self)
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "cannot start the command: {error}"),
            Self::Timeout => f.write_str("the command did not end in time"),
            Self::Send(error) => error.fmt(f),
            Self::Receive(ReceiveError::Closed) => {
                f.write_str("the remote code ended without the status of the command")
            }
            Self::Receive(error) => error.fmt(f),
        }
    }
}

impl From<SendError> for CommandError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<ReceiveError> for CommandError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Timeout => Self::Timeout,
            error => Self::Receive(error),
        }
    }
}

impl From<WaitCloseError> for CommandError {
    fn from(error: WaitCloseError) -> Self {
        Self::from(match error {
            WaitCloseError::Timeout => ReceiveError::Timeout,
            WaitCloseError::Remote(error) => ReceiveError::Remote(error),
            WaitCloseError::Disconnected(error) => ReceiveError::Disconnected(error),
            WaitCloseError::Overflow(error) => ReceiveError::Overflow(error),
            _ => ReceiveError::Closed,
        })
    }
}
