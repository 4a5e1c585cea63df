use alloc::sync::Arc;
use core::error::Error;
use core::fmt;

use crate::frame::ReadError;
use crate::link_error::LinkError;
use crate::session::ProtocolError;

/// An error that can be kept by several holders.
pub type SharedError = Arc<dyn Error + Send + Sync>;

/// The peer is gone: how that showed, and, where the transport knows it, why.
///
/// The transport's account (an exit status, a signal, the tail of the standard error) is the
/// [`source`](Error::source).
#[derive(Clone)]
pub struct Disconnected {
    inner: Arc<Inner>,
}

struct Inner {
    reason: DisconnectReason,
    cause: Option<SharedError>,
}

/// How the loss of a peer showed.
#[derive(Debug)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// This side exited the gateway.
    Exited,
    /// The peer said that it winds down.
    Terminated,
    /// The stream ended between two frames.
    EndOfStream,
    /// The stream failed, ended inside a frame, or announced a frame that is not read.
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

    /// How it showed.
    #[must_use]
    pub fn reason(&self) -> &DisconnectReason {
        &self.inner.reason
    }

    /// What the transport says about it.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.inner.cause.as_deref()
    }
}

impl fmt::Debug for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disconnected")
            .field("reason", &self.inner.reason)
            .field("cause", &self.inner.cause)
            .finish()
    }
}

impl fmt::Display for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.reason.fmt(f)?;
        // With a cause the chain of sources goes on there, so that this is the only place to tell the details.
        match (&self.inner.cause, self.inner.reason.source()) {
            (Some(_), Some(detail)) => write!(f, " ({detail})"),
            _ => Ok(()),
        }
    }
}

impl Error for Disconnected {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.inner.cause {
            Some(cause) => Some(cause.as_ref()),
            None => self.inner.reason.source(),
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited => f.write_str("the gateway was exited"),
            Self::Terminated => f.write_str("the peer winds down"),
            Self::EndOfStream => f.write_str("the peer closed the link"),
            Self::Read(error) => error.fmt(f),
            Self::Write(_) => f.write_str("cannot write to the link"),
            Self::Protocol(error) => error.fmt(f),
            Self::Panicked => f.write_str("a thread of the gateway panicked"),
            #[cfg(feature = "std")]
            Self::Thread(_) => f.write_str("cannot start a thread"),
        }
    }
}

impl Error for DisconnectReason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Exited | Self::Terminated | Self::EndOfStream | Self::Panicked => None,
            Self::Read(ReadError::Link(error)) => Some(error.cause()),
            Self::Read(_) => None,
            Self::Write(error) => Some(error.cause()),
            #[cfg(feature = "std")]
            Self::Thread(error) => Some(error),
            Self::Protocol(error) => error.source(),
        }
    }
}
