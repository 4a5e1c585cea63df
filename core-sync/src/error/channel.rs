//! The errors of sending, of receiving, of waiting for the end of a channel, and of requests that do both.

use core::fmt;

use execnet_serializer::DumpError;

use super::{CallbackError, ItemError, TypeError};
use crate::disconnected::Disconnected;
use crate::report::{debug_as_report, inner_sources};
use crate::session::{EncodeFrameError, InboxOverflow, OpenError, RemoteError};

/// An item or a call could not be sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The value cannot be represented in the format. Nothing was written; the channel stays open.
    Encode(EncodeFrameError),
    /// The value cannot be represented in the other format that the channel uses. Nothing was written; the channel stays
    /// open.
    Type(TypeError),
    /// The channel is closed.
    Closed,
    /// All channel ids of the gateway are used up.
    IdsUsedUp,
    /// The connection is lost, or the gateway was exited.
    Disconnected(Disconnected),
}

/// An item could not be received.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiveError {
    /// No item arrived in time. The channel stays open.
    Timeout,
    /// The channel ended: no more items will arrive.
    Closed,
    /// The remote code failed. This is returned once; then the channel is [`Closed`](Self::Closed).
    Remote(RemoteError),
    /// The connection is lost.
    Disconnected(Disconnected),
    /// An item cannot be decoded. It is skipped; the channel stays open.
    Item(ItemError),
    /// The inbox was full, and the channel was closed. This is returned once.
    Overflow(InboxOverflow),
    /// A callback takes the items of the channel.
    HasCallback,
}

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

debug_as_report!(SendError, ReceiveError, WaitCloseError, StatusError);

inner_sources!(SendError: Encode, Type, Disconnected);
inner_sources!(ReceiveError: Remote, Disconnected, Item, Overflow);
inner_sources!(WaitCloseError: Remote, Disconnected, Overflow, Callback);
inner_sources!(StatusError: Send, Receive);

impl SendError {
    /// Whether the channel is closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether the connection is lost, or the gateway was exited.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

/// The predicates on how a channel ended.
macro_rules! end_predicates {
    ($($error:ident),*) => {$(
        impl $error {
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
    )*};
}

end_predicates!(ReceiveError, WaitCloseError);

impl ReceiveError {
    /// Whether no item arrived in time. The channel stays open.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether the channel has ended without an error.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl WaitCloseError {
    /// Whether the channel did not end in time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }
}

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

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Type(error) => error.fmt(f),
            Self::Closed => f.write_str("cannot send: the channel is closed"),
            Self::IdsUsedUp => OpenError::IdsUsedUp.fmt(f),
            Self::Disconnected(error) => write!(f, "cannot send: {error}"),
        }
    }
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no item arrived in time"),
            Self::Closed => f.write_str("the channel is closed"),
            Self::Remote(error) => error.fmt(f),
            Self::Disconnected(error) => error.fmt(f),
            Self::Item(error) => error.fmt(f),
            Self::Overflow(error) => write!(f, "the channel was closed: {error}"),
            Self::HasCallback => f.write_str("cannot receive: the channel has a callback"),
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

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(error) => write!(f, "the status was not requested: {error}"),
            Self::Receive(error) => write!(f, "no status was received: {error}"),
            Self::Answer => f.write_str("the answer is not a status"),
        }
    }
}

impl From<DumpError> for SendError {
    fn from(error: DumpError) -> Self {
        Self::Encode(EncodeFrameError::Dump(error))
    }
}
