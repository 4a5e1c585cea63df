//! Errors of syncs.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

use super::protocol::ProtocolError;
use super::report::Report;
use super::sync_channel::SyncErrorKind;
use crate::error::debug_as_report;

/// A sync that could not begin, or a pull that ended early.
#[non_exhaustive]
pub enum RSyncError {
    /// There are no targets: each sync uses those that were added since the last one.
    NoTargets,
    /// The source cannot be opened, here or at the worker.
    Source {
        /// The path of the source.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// The destination cannot be created or opened.
    Destination {
        /// The path of the destination.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// The sync with the other side ended early.
    Sync(SyncError),
}

debug_as_report!(RSyncError);

impl fmt::Display for RSyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTargets => f.write_str("no targets are left to sync to"),
            Self::Source { path, error } => {
                write!(f, "cannot open {path:?} to sync from: {error}")
            }
            Self::Destination { path, error } => {
                write!(f, "cannot open {path:?} to sync to: {error}")
            }
            Self::Sync(error) => error.fmt(f),
        }
    }
}

impl Error for RSyncError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoTargets => None,
            Self::Source { error, .. } | Self::Destination { error, .. } => error.source(),
            Self::Sync(error) => error.source(),
        }
    }
}

impl From<SyncError> for RSyncError {
    fn from(error: SyncError) -> Self {
        Self::Sync(error)
    }
}

impl From<SyncErrorKind> for RSyncError {
    fn from(kind: SyncErrorKind) -> Self {
        Self::Sync(kind.into())
    }
}

/// A sync with one peer that ended early, or did not begin: the peer is gone, cannot open the destination, was silent
/// too long, or violated the protocol.
///
/// The files that were written until then are complete: each file is the old or the new one.
pub struct SyncError {
    kind: SyncErrorKind,
    report: Option<Box<Report>>,
}

impl SyncError {
    /// What a pull had done when it ended; for a push, see [`TargetReport`](super::TargetReport).
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.report.as_deref()
    }

    pub(super) fn with_report(kind: SyncErrorKind, report: Report) -> Self {
        let report = Some(Box::new(report));
        Self { kind, report }
    }

    /// The peer was silent for longer than [`RSync::with_idle_timeout`](super::RSync::with_idle_timeout).
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self.kind, SyncErrorKind::Silence(_))
    }

    /// The worker cannot create or open the destination of a push, or refuses it because it contains the source, which
    /// would be deleted.
    #[must_use]
    pub const fn is_destination(&self) -> bool {
        matches!(self.kind, SyncErrorKind::Place(..))
    }

    /// The source has more entries than [`RSync::with_max_entries`](super::RSync::with_max_entries) allows.
    #[must_use]
    pub const fn is_limit(&self) -> bool {
        matches!(
            self.kind,
            SyncErrorKind::ProtocolError(ProtocolError::TooMany)
        )
    }

    /// The peer has violated the protocol. Peers that run this project's code do not.
    #[must_use]
    pub const fn is_protocol(&self) -> bool {
        matches!(self.kind, SyncErrorKind::ProtocolError(_)) && !self.is_limit()
    }
}

debug_as_report!(SyncError);

impl fmt::Display for SyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl Error for SyncError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.kind.source()
    }
}

impl From<SyncErrorKind> for SyncError {
    fn from(kind: SyncErrorKind) -> Self {
        let report = None;
        Self { kind, report }
    }
}
