//! One small error for each thing a program does with a channel or gateway.
//!
//! Each `Display` has the decisive detail of what is inside, so that `source` is what that has as its own source: no
//! text occurs twice in a chain.

use alloc::string::String;
use core::error::Error;
use core::fmt;

use execnet_serializer::{DumpError, LoadError};

use crate::disconnected::Disconnected;
use crate::report::debug_as_report;
use crate::session::{EncodeFrameError, OpenError, Overflow, RefusedId, RemoteError};

/// Nothing was received.
#[derive(Clone, PartialEq, Eq)]
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
#[derive(Clone, PartialEq, Eq)]
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
#[derive(Clone, PartialEq, Eq)]
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
#[derive(Clone, PartialEq, Eq)]
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
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackError {
    /// It returned an error, of which this is the text.
    Failed(String),
    /// It panicked, with this message. The panic hook of the process is told where.
    Panicked(String),
    /// An item came that cannot be decoded, so that there was nothing to call it with.
    Item(ItemError),
}

/// The channel has no callback now.
#[cfg(feature = "std")]
#[non_exhaustive]
pub enum SetCallbackError {
    /// It has another one, or had.
    HasCallback,
    /// The thread that calls cannot be started.
    Thread(std::io::Error),
}

/// The peer did not tell its status.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusError {
    /// It was not asked.
    Send(SendError),
    /// It did not answer.
    Receive(ReceiveError),
    /// It answered something else.
    Answer,
}

debug_as_report!(
    ReceiveError,
    ItemError,
    SendError,
    WaitCloseError,
    CallbackError,
    StatusError,
);
#[cfg(feature = "std")]
debug_as_report!(SetCallbackError);

impl ReceiveError {
    /// Whether no item came in time. The channel goes on.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether the channel has ended without an error.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether the peer is gone.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }

    /// What the code on the other side failed with, if that is the error.
    #[must_use]
    pub const fn as_remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Remote(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ReceiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no item came in time"),
            Self::Closed => f.write_str("the channel is closed"),
            Self::Remote(error) => error.fmt(f),
            Self::Disconnected(error) => error.fmt(f),
            Self::Item(error) => error.fmt(f),
            Self::Overflow(error) => write!(f, "the channel was closed: {error}"),
            Self::HasCallback => f.write_str("cannot receive: the channel has a callback"),
        }
    }
}

impl Error for ReceiveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout | Self::Closed | Self::HasCallback => None,
            Self::Remote(error) => error.source(),
            Self::Disconnected(error) => error.source(),
            Self::Item(error) => error.source(),
            Self::Overflow(error) => error.source(),
        }
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => write!(f, "cannot decode the item: {error}"),
            Self::Channel(error) => write!(f, "the item was refused: {error}"),
            Self::Type(error) => write!(f, "the item has another type: {error}"),
        }
    }
}

impl Error for ItemError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::Channel(error) => error.source(),
            Self::Type(error) => error.source(),
        }
    }
}

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

impl SendError {
    /// Whether the channel is closed.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    /// Whether the peer is gone, or the gateway was exited.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
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

impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Encode(error) => error.source(),
            Self::Type(error) => error.source(),
            Self::Closed | Self::IdsUsedUp => None,
            Self::Disconnected(error) => error.source(),
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

impl WaitCloseError {
    /// Whether the channel did not end in time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether the peer is gone.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }

    /// What the code on the other side failed with, if that is the error.
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

impl Error for WaitCloseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Timeout => None,
            Self::Remote(error) => error.source(),
            Self::Disconnected(error) => error.source(),
            Self::Overflow(error) => error.source(),
            Self::Callback(error) => error.source(),
        }
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) => write!(f, "the callback failed: {text}"),
            Self::Panicked(message) => write!(f, "the callback panicked: {message}"),
            Self::Item(error) => write!(f, "the callback was not called: {error}"),
        }
    }
}

impl Error for CallbackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(_) | Self::Panicked(_) => None,
            Self::Item(error) => error.source(),
        }
    }
}

#[cfg(feature = "std")]
impl fmt::Display for SetCallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HasCallback => f.write_str("the channel has a callback"),
            Self::Thread(error) => write!(f, "cannot start the callback thread: {error}"),
        }
    }
}

#[cfg(feature = "std")]
impl Error for SetCallbackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::HasCallback => None,
            Self::Thread(error) => error.source(),
        }
    }
}

impl StatusError {
    /// Whether the answer did not come in time.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Receive(ReceiveError::Timeout))
    }

    /// Whether the peer is gone, or the gateway was exited.
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
            Self::Send(error) => write!(f, "the peer was not asked for its status: {error}"),
            Self::Receive(error) => write!(f, "the peer did not tell its status: {error}"),
            Self::Answer => f.write_str("the peer answered something that is no status"),
        }
    }
}

impl Error for StatusError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Send(error) => error.source(),
            Self::Receive(error) => error.source(),
            Self::Answer => None,
        }
    }
}
