//! The errors of single items, and of callbacks, which take items.

use alloc::string::String;
use core::error::Error;
use core::fmt;

use execnet_serializer::LoadError;

use crate::pickle::PickleError;
use crate::report::{debug_as_report, inner_sources};
use crate::session::RefusedId;

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
    /// It was decoded, and then too little memory was left.
    Memory,
}

/// An item and a Rust type do not fit: what differs, with the path to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeError {
    text: String,
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

debug_as_report!(ItemError, CallbackError);
#[cfg(feature = "std")]
debug_as_report!(SetCallbackError);

inner_sources!(ItemError: Load, Pickle, Channel, Type);
inner_sources!(CallbackError: Item);
#[cfg(feature = "std")]
inner_sources!(SetCallbackError: Thread);

impl ItemError {
    /// Whether the item does not fit the requested type, and could be received as another one.
    #[must_use]
    pub const fn is_type(&self) -> bool {
        matches!(self, Self::Type(_))
    }
}

impl CallbackError {
    /// Whether the callback panicked.
    #[must_use]
    pub const fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }
}

impl fmt::Display for ItemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => write!(f, "cannot decode the item: {error}"),
            Self::Pickle(error) => write!(f, "cannot decode the item: {error}"),
            Self::Channel(error) => write!(f, "the item was refused: {error}"),
            Self::Type(error) => write!(f, "the item has another type: {error}"),
            Self::Memory => f.write_str("cannot decode the item: no memory is left beside it"),
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

#[cfg(feature = "std")]
impl fmt::Display for SetCallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HasCallback => f.write_str("the channel has a callback"),
            Self::Thread(error) => write!(f, "cannot start the callback thread: {error}"),
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
