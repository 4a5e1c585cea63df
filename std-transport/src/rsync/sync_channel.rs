//! The channel of a sync, and why a sync ends early.

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::io;
use std::path::PathBuf;

use execnet_core_sync::{Channel, Item, ReceiveError, SendError};
use execnet_serializer::{Dump, Value};

use super::data_message::DataMessage;
use super::protocol::ProtocolError;

/// The channel of a sync; a trait so that tests and fuzzers can replace it.
pub(crate) trait SyncChannel {
    /// # Errors
    /// The item cannot be sent.
    fn send(&self, item: impl Dump) -> Result<(), SyncErrorKind>;

    /// Whether it can send ranges of files without reading them into memory.
    fn takes_file_ranges(&self) -> bool {
        false
    }

    /// Sends content. The inner error is that of reading the file range, whose unread bytes were sent as zeros.
    ///
    /// # Errors
    /// The item cannot be sent.
    fn send_data(&self, message: &DataMessage) -> Result<io::Result<()>, SyncErrorKind> {
        self.send(message).map(Ok)
    }

    /// # Errors
    /// There is no next item, or not within `idle_timeout`.
    fn receive(&self, idle_timeout: Option<Duration>) -> Result<Value, SyncErrorKind>;

    /// The next item, still encoded.
    ///
    /// # Errors
    /// There is no next item, or not within `idle_timeout`.
    fn receive_payload(&self, idle_timeout: Option<Duration>) -> Result<Vec<u8>, SyncErrorKind>;
}

impl SyncChannel for Channel {
    fn send(&self, item: impl Dump) -> Result<(), SyncErrorKind> {
        Self::send(self, item).map_err(SyncErrorKind::Send)
    }

    fn takes_file_ranges(&self) -> bool {
        self.has_content_writer()
    }

    fn send_data(&self, message: &DataMessage) -> Result<io::Result<()>, SyncErrorKind> {
        let Some(range) = message.file_range() else {
            return SyncChannel::send(self, message).map(Ok);
        };
        let (head, tail) = message
            .split()
            .map_err(|error| SyncErrorKind::Send(error.into()))?;
        let sent = self.send_with_content(&head, range, &tail);
        sent.map_err(SyncErrorKind::Send)
    }

    fn receive(&self, idle_timeout: Option<Duration>) -> Result<Value, SyncErrorKind> {
        let received = match idle_timeout {
            Some(idle_timeout) => self.receive_timeout(idle_timeout),
            None => Self::receive(self),
        };
        let received = received.map(Item::into_value);
        received.map_err(|error| SyncErrorKind::receiving(error, idle_timeout))
    }

    fn receive_payload(&self, idle_timeout: Option<Duration>) -> Result<Vec<u8>, SyncErrorKind> {
        let received = Self::receive_payload(self, idle_timeout);
        received.map_err(|error| SyncErrorKind::receiving(error, idle_timeout))
    }
}

/// Why a sync with one peer ended early.
#[derive(Debug)]
pub(crate) enum SyncErrorKind {
    Send(SendError),
    Receive(ReceiveError),
    Silence(Duration),
    ProtocolError(ProtocolError),
    /// The worker cannot open the source.
    Source(PathBuf, io::Error),
    /// The destination cannot be opened or written to.
    Destination(PathBuf, io::Error),
    /// A thread of this side has panicked; its message was printed.
    Gone,
}

impl SyncErrorKind {
    fn receiving(error: ReceiveError, idle_timeout: Option<Duration>) -> Self {
        match error {
            ReceiveError::Timeout => Self::Silence(idle_timeout.unwrap_or_default()),
            error => Self::Receive(error),
        }
    }
}

impl fmt::Display for SyncErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(error) => write!(f, "cannot send to the other side of the sync: {error}"),
            Self::Receive(error) => write!(f, "the other side of the sync ended it: {error}"),
            Self::Silence(time) => write!(f, "the other side of the sync was silent for {time:?}"),
            // A limit of this side: the peer may be right.
            Self::ProtocolError(error @ ProtocolError::TooMany) => {
                write!(f, "the source has {error}")
            }
            Self::ProtocolError(error) => {
                write!(f, "the other side of the sync broke the protocol: {error}")
            }
            Self::Source(path, error) => {
                write!(f, "cannot open {path:?} to sync from: {error}")
            }
            Self::Destination(path, error) => {
                write!(f, "cannot open {path:?} to sync to: {error}")
            }
            Self::Gone => f.write_str("a thread of the sync is gone"),
        }
    }
}

impl Error for SyncErrorKind {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Send(error) => error.source(),
            Self::Receive(error) => error.source(),
            Self::ProtocolError(error) => error.source(),
            Self::Source(_, error) | Self::Destination(_, error) => error.source(),
            Self::Silence(_) | Self::Gone => None,
        }
    }
}

impl From<ProtocolError> for SyncErrorKind {
    fn from(error: ProtocolError) -> Self {
        Self::ProtocolError(error)
    }
}
