//! One small error for each thing a program does with a channel or gateway.

use core::error::Error;
use core::fmt;

use execnet_serializer::{DumpError, LoadError};

use crate::disconnected::Disconnected;
use crate::session::{EncodeFrameError, OpenError, RefusedId, RemoteError};

/// Nothing was received.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ReceiveError {
    /// No item came in time. The channel goes on.
    Timeout,
    /// The channel ended: there will be no more items.
    Closed,
    /// The code on the other side failed. This is said once; then the channel is [`Closed`](Self::Closed).
    Remote(RemoteError),
    /// The peer is gone.
    Disconnected(Disconnected),
    /// An item came that cannot be decoded. It is skipped; the channel goes on.
    Item(ItemError),
}

/// An item that came, but has no value here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemError {
    /// Its bytes are not an encoded value within the limits.
    Load(LoadError),
    /// It names a channel that the peer may not name.
    Channel(RefusedId),
}

/// Nothing was sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SendError {
    /// The format cannot say the value. Nothing was written; the channel goes on.
    Encode(EncodeFrameError),
    /// The channel is closed.
    Closed,
    /// All channel ids of the gateway are used up.
    IdsUsedUp,
    /// The peer is gone, or the gateway was exited.
    Disconnected(Disconnected),
}

/// The channel did not end well, or not yet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum WaitCloseError {
    /// The channel did not end in time.
    Timeout,
    /// The code on the other side failed. This is said once.
    Remote(RemoteError),
    /// The peer is gone.
    Disconnected(Disconnected),
}

/// The peer did not tell its status.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum StatusError {
    /// It was not asked.
    Send(SendError),
    /// It did not answer.
    Receive(ReceiveError),
    /// It answered something else.
    Answer,
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no item came in time"),
            Self::Closed => f.write_str("the channel is closed"),
            Self::Remote(_) => f.write_str("the remote code failed"),
            Self::Disconnected(_) => f.write_str("the channel lost its peer"),
            Self::Item(_) => f.write_str("an item cannot be decoded"),
        }
    }
}

impl Error for ReceiveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout | Self::Closed => None,
            Self::Remote(error) => Some(error),
            Self::Disconnected(error) => Some(error),
            Self::Item(error) => Some(error),
        }
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Channel(error) => error.fmt(f),
        }
    }
}

impl Error for ItemError {}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Closed => f.write_str("cannot send: the channel is closed"),
            Self::IdsUsedUp => OpenError::IdsUsedUp.fmt(f),
            Self::Disconnected(_) => f.write_str("cannot send: the peer is gone"),
        }
    }
}

impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(error) => error.source(),
            Self::Closed | Self::IdsUsedUp => None,
            Self::Disconnected(error) => Some(error),
        }
    }
}

impl From<EncodeFrameError> for SendError {
    fn from(error: EncodeFrameError) -> Self {
        Self::Encode(error)
    }
}

impl From<DumpError> for SendError {
    fn from(error: DumpError) -> Self {
        Self::Encode(EncodeFrameError::Dump(error))
    }
}

impl fmt::Display for WaitCloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("the channel was not closed in time"),
            Self::Remote(_) => f.write_str("the remote code failed"),
            Self::Disconnected(_) => f.write_str("the channel lost its peer"),
        }
    }
}

impl Error for WaitCloseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout => None,
            Self::Remote(error) => Some(error),
            Self::Disconnected(error) => Some(error),
        }
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send(_) => "cannot ask the peer for its status",
            Self::Receive(_) => "the peer did not tell its status",
            Self::Answer => "the peer answered something that is no status",
        })
    }
}

impl Error for StatusError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Send(error) => Some(error),
            Self::Receive(error) => Some(error),
            Self::Answer => None,
        }
    }
}
