//! Why a connection is lost.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;

use crate::frame::ReadError;
use crate::link_error::LinkError;
use crate::report::debug_as_report;
use crate::session::ProtocolError;

/// An error with several owners.
pub type SharedError = Arc<dyn Error + Send + Sync>;

/// The connection is lost: what this side has found, and the cause if the transport knows it.
///
/// It prints the first line of the transport's [`cause`](Self::cause), or else of the [`reason`](Self::reason):
/// `connection lost: the worker exited with status 7`. A cause of several lines (the last lines of standard error) is the
/// [`source`](Error::source).
///
/// Two values are equal if they have the same kind of reason and print the same text.
#[derive(Clone)]
pub struct Disconnected {
    inner: Arc<Inner>,
}

struct Inner {
    reason: DisconnectReason,
    cause: Option<SharedError>,
}

/// What this side has found when the connection was lost.
#[derive(Debug)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// This side exited the gateway.
    Exited,
    /// The peer has sent TERMINATE.
    Terminated,
    /// The stream ended between two frames.
    EndOfStream,
    /// The stream failed, ended inside a frame, or has an invalid header.
    Read(ReadError<LinkError>),
    /// A frame could not be written.
    Write(LinkError),
    /// The peer broke the protocol.
    Protocol(ProtocolError),
    /// The gateway could not start a thread it needs.
    #[cfg(feature = "std")]
    Thread(std::io::Error),
    /// A thread of the gateway panicked, most likely in the transport's code.
    Panicked,
}

impl Disconnected {
    pub(crate) fn new(reason: DisconnectReason, cause: Option<SharedError>) -> Self {
        let inner = Arc::new(Inner { reason, cause });
        Self { inner }
    }

    /// What this side has found.
    #[must_use]
    pub fn reason(&self) -> &DisconnectReason {
        &self.inner.reason
    }

    /// The cause, as the transport reports it.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.inner.cause.as_deref()
    }
}

debug_as_report!(Disconnected);

impl PartialEq for Disconnected {
    fn eq(&self, other: &Self) -> bool {
        let kind = |lost: &Self| core::mem::discriminant(lost.reason());
        let cause = |lost: &Self| lost.cause().map(ToString::to_string);
        Arc::ptr_eq(&self.inner, &other.inner)
            || (kind(self) == kind(other)
                && self.to_string() == other.to_string()
                && cause(self) == cause(other))
    }
}

impl Eq for Disconnected {}

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = self.reason();
        match (reason, self.cause()) {
            (DisconnectReason::Exited, _) => reason.fmt(f),
            (_, None) => write!(f, "connection lost: {reason}"),
            (DisconnectReason::EndOfStream, Some(cause)) => {
                write!(f, "connection lost: {}", first_line(cause))
            }
            (_, Some(cause)) => write!(f, "connection lost: {} ({reason})", first_line(cause)),
        }
    }
}

impl Error for Disconnected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.inner.cause {
            Some(cause) if is_longer_than_a_line(cause) => Some(cause.as_ref()),
            // The text of this error contains the cause.
            Some(cause) => cause.source(),
            None => self.inner.reason.source(),
        }
    }
}

fn first_line(error: &dyn Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().into()
}

fn is_longer_than_a_line(error: &SharedError) -> bool {
    error.to_string().trim_end().contains('\n')
}

impl<E: Into<LinkError>> From<ReadError<E>> for DisconnectReason {
    fn from(error: ReadError<E>) -> Self {
        Self::Read(error.map_link(Into::into))
    }
}

impl From<ProtocolError> for DisconnectReason {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl DisconnectReason {
    /// Whether one of the two sides has ended the connection on purpose.
    pub(crate) fn is_clean(&self) -> bool {
        matches!(self, Self::Exited | Self::Terminated | Self::EndOfStream)
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited => f.write_str("the gateway was exited"),
            Self::Terminated => f.write_str("the peer is shutting down"),
            Self::EndOfStream => f.write_str("the peer closed the link"),
            Self::Read(ReadError::Link(error)) => write!(f, "cannot read from the link: {error}"),
            Self::Read(error) => error.fmt(f),
            Self::Write(error) => write!(f, "cannot write to the link: {error}"),
            Self::Protocol(error) => error.fmt(f),
            Self::Panicked => f.write_str("a thread of the gateway panicked"),
            #[cfg(feature = "std")]
            Self::Thread(error) => write!(f, "cannot start a thread: {error}"),
        }
    }
}

impl Error for DisconnectReason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Exited | Self::Terminated | Self::EndOfStream | Self::Panicked => None,
            Self::Read(ReadError::Link(error)) | Self::Write(error) => error.source(),
            Self::Read(error) => error.source(),
            #[cfg(feature = "std")]
            Self::Thread(error) => error.source(),
            Self::Protocol(error) => error.source(),
        }
    }
}
