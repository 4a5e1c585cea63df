//! One small error for each thing a program does with a channel or gateway.

use alloc::string::String;
use core::error::Error;
use core::fmt;

use execnet_serializer::{DumpError, LoadError};

use crate::disconnected::Disconnected;
use crate::session::{EncodeFrameError, OpenError, Overflow, RefusedId, RemoteError};

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
    /// More came than the inbox may hold, and the channel was closed. This is said once.
    Overflow(Overflow),
    /// A callback takes the items of this channel.
    HasCallback,
}

/// An item that came, but has no value here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemError {
    /// Its bytes are not an encoded value within the limits.
    Load(LoadError),
    /// It names a channel that the peer may not name.
    Channel(RefusedId),
    /// It is not of the type it was to be read as.
    Type(TypeError),
}

/// What does not fit between an item and a Rust type, with the path to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError {
    text: String,
}

/// Nothing was sent.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SendError {
    /// The format cannot say the value. Nothing was written; the channel goes on.
    Encode(EncodeFrameError),
    /// The other format that the channel uses cannot say the value. Nothing was written; the channel goes on.
    Type(TypeError),
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
    /// More came than the inbox may hold, and the channel was closed. This is said once.
    Overflow(Overflow),
    /// The callback of the channel failed.
    Callback(CallbackError),
}

/// A callback failed. Its channel was closed, and the peer was told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackError {
    /// It returned an error, of which this is the text.
    Failed(String),
    /// It panicked: where, and with what message.
    Panicked(String),
    /// An item came that cannot be decoded, so that there was nothing to call it with.
    Item(ItemError),
}

#[cfg(feature = "std")]
/// The channel has no callback now.
#[derive(Debug)]
#[non_exhaustive]
pub enum SetCallbackError {
    /// It has another one, or had.
    HasCallback,
    /// The thread that calls cannot be started.
    Thread(std::io::Error),
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
            Self::Overflow(_) => f.write_str("the channel was closed: its inbox is full"),
            Self::HasCallback => f.write_str("cannot receive: the channel has a callback"),
        }
    }
}

impl Error for ReceiveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout | Self::Closed | Self::HasCallback => None,
            Self::Remote(error) => Some(error),
            Self::Disconnected(error) => Some(error),
            Self::Item(error) => Some(error),
            Self::Overflow(error) => Some(error),
        }
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Channel(error) => error.fmt(f),
            Self::Type(error) => error.fmt(f),
        }
    }
}

impl Error for ItemError {}

#[cfg(feature = "serde")]
impl TypeError {
    pub(crate) fn new(text: String) -> Self {
        Self { text }
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for TypeError {}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Type(error) => error.fmt(f),
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
            Self::Type(_) | Self::Closed | Self::IdsUsedUp => None,
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
            Self::Overflow(_) => f.write_str("the channel was closed: its inbox is full"),
            Self::Callback(_) => f.write_str("the callback of the channel failed"),
        }
    }
}

impl Error for WaitCloseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout => None,
            Self::Remote(error) => Some(error),
            Self::Disconnected(error) => Some(error),
            Self::Overflow(error) => Some(error),
            Self::Callback(error) => Some(error),
        }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) => write!(f, "the callback failed: {text}"),
            Self::Panicked(message) => write!(f, "the callback panicked {message}"),
            Self::Item(error) => write!(f, "an item for the callback cannot be decoded: {error}"),
        }
    }
}

impl Error for CallbackError {}

#[cfg(feature = "std")]
impl fmt::Display for SetCallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HasCallback => "the channel has a callback",
            Self::Thread(_) => "cannot start the thread that calls callbacks",
        })
    }
}

#[cfg(feature = "std")]
impl Error for SetCallbackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::HasCallback => None,
            Self::Thread(error) => Some(error),
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
