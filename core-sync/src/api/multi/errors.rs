//! The errors of several channels together.

use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use crate::api::channel::Channel;
use crate::report::report;

/// The error of one of several channels.
#[derive(Clone, PartialEq, Eq)]
pub struct MultiError<E> {
    /// The channel that failed.
    pub channel: Channel,
    /// The error of the operation on it.
    pub error: E,
}

impl<E: fmt::Display> fmt::Display for MultiError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, gateway) = (self.channel.id(), self.channel.gateway().id());
        let gateway = gateway.escape_debug();
        write!(f, "channel {} of gateway '{gateway}': {}", id.0, self.error)
    }
}

impl<E: Error> Error for MultiError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl<E: Error> fmt::Debug for MultiError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&report(self), f)
    }
}

/// The errors of several channels: one for each channel that failed, in the order of the channels.
#[derive(Clone, PartialEq, Eq)]
pub struct MultiErrors<E> {
    /// Never empty.
    errors: Vec<MultiError<E>>,
}

impl<E> MultiErrors<E> {
    /// `errors` must not be empty.
    pub(super) const fn new(errors: Vec<MultiError<E>>) -> Self {
        Self { errors }
    }

    /// The errors, of which there is at least one.
    pub fn iter(&self) -> core::slice::Iter<'_, MultiError<E>> {
        self.errors.iter()
    }
}

impl<E> IntoIterator for MultiErrors<E> {
    type Item = MultiError<E>;
    type IntoIter = alloc::vec::IntoIter<MultiError<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.errors.into_iter()
    }
}

impl<'a, E> IntoIterator for &'a MultiErrors<E> {
    type Item = &'a MultiError<E>;
    type IntoIter = core::slice::Iter<'a, MultiError<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The first error, and the number of further ones.
impl<E: fmt::Display> fmt::Display for MultiErrors<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.errors.split_first() else {
            return Ok(());
        };
        first.fmt(f)?;
        match others.len() {
            0 => Ok(()),
            count => write!(f, " (and {count} more)"),
        }
    }
}

/// All errors with their sources.
impl<E: Error> fmt::Debug for MultiErrors<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for error in self {
            write!(f, "{between}{}", report(error))?;
            between = "\n\n";
        }
        Ok(())
    }
}

/// The source of the first error.
impl<E: Error> Error for MultiErrors<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.errors.first()?.source()
    }
}
