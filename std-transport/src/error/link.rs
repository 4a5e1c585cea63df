//! Errors of links that know why there is no worker.

use core::error::Error;
use core::fmt;
use std::io;

use super::BootstrapErrorKind as Kind;

/// An error whose meaning for the start of a worker the link knows. An [`io::Error`] contains it, and its text is that of
/// the inner error.
#[derive(Debug)]
pub(crate) struct LinkFailure {
    kind: Kind,
    error: Box<dyn Error + Send + Sync>,
}

impl LinkFailure {
    pub(crate) fn new(kind: Kind, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        Self { kind, error }
    }

    /// The kind that the link has given this error, if any.
    pub(super) fn kind_of(error: &io::Error) -> Option<Kind> {
        let failure = error.get_ref()?.downcast_ref::<Self>()?;
        Some(failure.kind)
    }
}

impl fmt::Display for LinkFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for LinkFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}
