//! Why a call has no result.

use alloc::sync::Arc;
use core::fmt;

use execnet_core_sync::{ReceiveError, RemoteError, SendError};
use execnet_serializer::typed::Error as TypedError;

use crate::error::{MakeGatewayError, debug_as_report, inner_sources};

/// A call of a remote function has no result.
#[non_exhaustive]
pub enum CallError {
    /// The function raised an exception, or cannot be found. The error has the traceback.
    Remote(RemoteError),
    /// The function did not return in time.
    Timeout,
    /// The arguments cannot be represented. Nothing was sent.
    Arguments(TypedError),
    /// The call could not be sent: the connection is lost, or the gateway was exited.
    Send(SendError),
    /// No result can be received: the worker has died, the connection is lost, or the result has another type.
    Receive(ReceiveError),
    /// The last worker of a pool could not be replaced. The call was not started.
    NoWorker(Arc<MakeGatewayError>),
    /// The pool was dropped before the call returned.
    Cancelled,
}

debug_as_report!(CallError);
inner_sources!(CallError: Remote, Arguments, Send, Receive, NoWorker);

impl CallError {
    /// The exception of the function, if it raised one.
    #[must_use]
    pub const fn as_remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Remote(error) => Some(error),
            _ => None,
        }
    }

    /// Whether the function did not return in time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether the worker has died, or the connection to it is lost.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        match self {
            Self::Send(error) => error.is_disconnected(),
            Self::Receive(error) => error.is_disconnected(),
            _ => false,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Remote(error) => error.fmt(f),
            Self::Timeout => f.write_str("the function did not return in time"),
            Self::Arguments(error) => write!(f, "the arguments cannot be sent: {error}"),
            Self::Send(error) => error.fmt(f),
            Self::Receive(ReceiveError::Closed) => {
                f.write_str("the remote code ended without a result")
            }
            Self::Receive(error) => error.fmt(f),
            Self::NoWorker(error) => write!(f, "the pool has no worker left: {error}"),
            Self::Cancelled => f.write_str("the pool was dropped before the call returned"),
        }
    }
}

impl From<TypedError> for CallError {
    fn from(error: TypedError) -> Self {
        Self::Arguments(error)
    }
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<ReceiveError> for CallError {
    fn from(error: ReceiveError) -> Self {
        match error {
            ReceiveError::Remote(error) => Self::Remote(error),
            ReceiveError::Timeout => Self::Timeout,
            error => Self::Receive(error),
        }
    }
}
