use alloc::string::String;
use core::fmt;

use super::ItemError;
use crate::report::{debug_as_report, inner_sources};

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

debug_as_report!(CallbackError);
#[cfg(feature = "std")]
debug_as_report!(SetCallbackError);

inner_sources!(CallbackError: Item);
#[cfg(feature = "std")]
inner_sources!(SetCallbackError: Thread);

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

#[cfg(feature = "std")]
impl fmt::Display for SetCallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HasCallback => f.write_str("the channel has a callback"),
            Self::Thread(error) => write!(f, "cannot start the callback thread: {error}"),
        }
    }
}
