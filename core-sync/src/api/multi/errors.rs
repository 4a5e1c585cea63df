use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use crate::api::channel::Channel;
use crate::report::report;

/// What one of several channels gave.
#[derive(Clone, PartialEq, Eq)]
pub struct MultiError<E> {
    /// The channel.
    pub channel: Channel,
    /// Its error.
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

/// What several channels gave: an error for each that failed, in the order of the channels.
#[derive(Clone, PartialEq, Eq)]
pub struct MultiErrors<E> {
    /// There is one at least.
    errors: Vec<MultiError<E>>,
}

impl<E> MultiErrors<E> {
    /// Of one error at least.
    pub(super) const fn new(errors: Vec<MultiError<E>>) -> Self {
        Self { errors }
    }

    /// The errors. There is one at least.
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

/// The first error, and how many more there are.
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

/// All errors with their causes, one after the other.
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

/// The source is that of the first.
impl<E: Error> Error for MultiErrors<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.errors.first()?.source()
    }
}
