use alloc::string::String;
use core::error::Error;
use core::fmt;

use execnet_serializer::LoadError;

use crate::disconnected::Disconnected;
use crate::pickle::PickleError;
use crate::report::{debug_as_report, inner_sources};
use crate::session::{InboxOverflow, RefusedId, RemoteError};

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
    /// It is not a pickle of plain values: see [`GatewayConfig::with_pickles`](crate::GatewayConfig::with_pickles).
    Pickle(PickleError),
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

debug_as_report!(ReceiveError, ItemError);

inner_sources!(ReceiveError: Remote, Disconnected, Item, Overflow);
inner_sources!(ItemError: Load, Pickle, Channel, Type);

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
            Self::Pickle(error) => write!(f, "cannot decode the item: {error}"),
            Self::Channel(error) => write!(f, "the item was refused: {error}"),
            Self::Type(error) => write!(f, "the item has another type: {error}"),
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
