//! One small error for each operation on a channel or gateway.
//!
//! `Display` has the decisive detail of the inner error, so that `source` skips to the inner error's own source: no text
//! occurs twice in a chain. A narrower error converts into a wider one by `From`.

use alloc::string::String;
use core::error::Error;
use core::fmt;

use execnet_serializer::{DumpError, LoadError};

use crate::disconnected::Disconnected;
use crate::report::debug_as_report;
use crate::session::{EncodeFrameError, InboxOverflow, OpenError, RefusedId, RemoteError};

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

/// An item that arrived cannot be decoded.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ItemError {
    /// Its bytes are not an encoded value within the limits.
    Load(LoadError),
    /// It names a channel with an id that the peer may not use.
    Channel(RefusedId),
    /// It does not fit the requested type.
    Type(TypeError),
}

/// An item and a Rust type do not fit: what differs, with the path to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError {
    text: String,
}

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

/// A callback failed. Its channel was closed with an error to the peer.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackError {
    /// It returned an error, of which this is the text.
    Failed(String),
    /// It panicked, with this message. The panic hook of the process gets the location.
    Panicked(String),
    /// An item cannot be decoded, so that the callback was not called with it.
    Item(ItemError),
}

/// A callback could not be set.
#[cfg(feature = "std")]
#[non_exhaustive]
pub enum SetCallbackError {
    /// The channel has a callback already, or had one.
    HasCallback,
    /// The callback thread cannot be started.
    Thread(std::io::Error),
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

impl ItemError {
    /// Whether the item does not fit the requested type, and could be received as another one.
    #[must_use]
    pub const fn is_type(&self) -> bool {
        matches!(self, Self::Type(_))
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

    /// Whether the connection is lost, or the gateway was exited.
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

impl CallbackError {
    /// Whether the callback panicked.
    #[must_use]
    pub const fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
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

/// Narrower errors into wider ones.
macro_rules! widen {
    ($($narrow:ty => $wide:ident::$variant:ident),* $(,)?) => {$(
        impl From<$narrow> for $wide {
            fn from(error: $narrow) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

widen! {
    LoadError => ItemError::Load,
    RefusedId => ItemError::Channel,
    TypeError => ItemError::Type,
    RemoteError => ReceiveError::Remote,
    Disconnected => ReceiveError::Disconnected,
    ItemError => ReceiveError::Item,
    InboxOverflow => ReceiveError::Overflow,
    EncodeFrameError => SendError::Encode,
    TypeError => SendError::Type,
    Disconnected => SendError::Disconnected,
    RemoteError => WaitCloseError::Remote,
    Disconnected => WaitCloseError::Disconnected,
    InboxOverflow => WaitCloseError::Overflow,
    CallbackError => WaitCloseError::Callback,
    ItemError => CallbackError::Item,
    SendError => StatusError::Send,
    ReceiveError => StatusError::Receive,
}
#[cfg(feature = "std")]
widen! { std::io::Error => SetCallbackError::Thread }
