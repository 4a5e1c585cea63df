use core::fmt;

use super::CallbackError;
use crate::disconnected::Disconnected;
use crate::report::{debug_as_report, inner_sources};
use crate::session::{InboxOverflow, RemoteError};

/// A channel ended with an error, or has not ended.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitCloseError {
    /// The channel did not end in time.
    Timeout,
    /// The remote code failed. This is returned once.
    Remote(RemoteError),
    /// The connection is lost.
    Disconnected(Disconnected),
    /// The inbox was full, and the channel was closed. This is returned once.
    Overflow(InboxOverflow),
    /// The callback of the channel failed.
    Callback(CallbackError),
}

debug_as_report!(WaitCloseError);

inner_sources!(WaitCloseError: Remote, Disconnected, Overflow, Callback);

impl WaitCloseError {
    /// Whether the channel did not end in time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether the connection is lost.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }

    /// Whether the channel was closed because its inbox was full.
    #[must_use]
    pub const fn is_overflow(&self) -> bool {
        matches!(self, Self::Overflow(_))
    }

    /// The error of the remote code, if it failed.
    #[must_use]
    pub const fn as_remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Remote(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for WaitCloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("the channel was not closed in time"),
            Self::Remote(error) => error.fmt(f),
            Self::Disconnected(error) => error.fmt(f),
            Self::Overflow(error) => write!(f, "the channel was closed: {error}"),
            Self::Callback(error) => error.fmt(f),
        }
    }
}
