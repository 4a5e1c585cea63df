use core::fmt;

use execnet_serializer::DumpError;

use super::TypeError;
use crate::disconnected::Disconnected;
use crate::report::{debug_as_report, inner_sources};
use crate::session::{EncodeFrameError, OpenError};

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

debug_as_report!(SendError);

inner_sources!(SendError: Encode, Type, Disconnected);

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

impl From<DumpError> for SendError {
    fn from(error: DumpError) -> Self {
        Self::Encode(EncodeFrameError::Dump(error))
    }
}
