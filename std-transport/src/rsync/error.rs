//! Errors of syncs.

use core::error::Error;
use core::fmt;
use std::io;
use std::path::PathBuf;

use super::protocol::ProtocolError;
use super::report::Report;
use super::sync_channel::SyncErrorKind;
use crate::error::debug_as_report;

/// A [`send`](super::RSync::send) that could not begin.
#[non_exhaustive]
pub enum RSyncError {
    /// There are no targets: each `send` uses those that were added since the last one.
    NoTargets,
    /// The source cannot be opened.
    Source {
        /// The path of the source.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

debug_as_report!(RSyncError);

impl fmt::Display for RSyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTargets => f.write_str("no targets are left to sync to"),
            Self::Source { path, error } => {
                write!(f, "cannot open {path:?} to sync from: {error}")
            }
        }
    }
}

impl Error for RSyncError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoTargets => None,
            Self::Source { error, .. } => error.source(),
        }
    }
}

/// A sync with one peer, a [`pull`](super::RSync::pull) or the part of a [`send`](super::RSync::send) for one target,
/// that ended early or did not begin: the source or destination cannot be opened, or the peer is gone, was silent too
/// long, or violated the protocol.
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

    /// The worker cannot open the source of a [`pull`](super::RSync::pull).
    #[must_use]
    pub const fn is_source(&self) -> bool {
        matches!(self.kind, SyncErrorKind::Source(..))
    }

    /// The destination cannot be created or opened, or is refused: it contains the source, which would be deleted, or
    /// is in the source, and would be copied into itself.
    #[must_use]
    pub const fn is_destination(&self) -> bool {
        matches!(self.kind, SyncErrorKind::Destination(..))
    }

    /// The error of the operating system, if the source or destination cannot be opened. It has only a text if the
    /// system is the worker's.
    #[must_use]
    pub const fn io_error(&self) -> Option<&io::Error> {
        match &self.kind {
            SyncErrorKind::Source(_, error) | SyncErrorKind::Destination(_, error) => Some(error),
            _ => None,
        }
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

#[cfg(test)]
mod tests {
    use core::array;
    use core::time::Duration;

    use super::*;

    #[test]
    fn an_error_of_a_sync_is_of_one_kind_and_says_what_failed() {
        let system = || io::Error::other("no such file");
        let predicates: [fn(&SyncError) -> bool; 5] = [
            SyncError::is_source,
            SyncError::is_destination,
            SyncError::is_timeout,
            SyncError::is_limit,
            SyncError::is_protocol,
        ];
        let errors = [
            (
                SyncErrorKind::Source("/x".into(), system()),
                "cannot open \"/x\" to sync from: no such file",
            ),
            (
                SyncErrorKind::Destination("/x".into(), system()),
                "cannot open \"/x\" to sync to: no such file",
            ),
            (
                SyncErrorKind::Silence(Duration::from_secs(2)),
                "the other side of the sync was silent for 2s",
            ),
            (
                ProtocolError::TooMany.into(),
                "the source has more entries than the limit",
            ),
            (
                ProtocolError::OutOfTurn.into(),
                "the other side of the sync broke the protocol: a message out of turn",
            ),
        ];
        for (kind, (error, text)) in errors.into_iter().enumerate() {
            let error = SyncError::from(error);
            assert_eq!(error.to_string(), text);
            let held = predicates.map(|predicate| predicate(&error));
            assert_eq!(held, array::from_fn(|other| other == kind), "{text}");
            assert_eq!(error.io_error().is_some(), kind < 2, "{text}");
            assert!(error.source().is_none(), "{text}");
        }
    }
}
