//! The error of a link, with and without std.

use alloc::string::{String, ToString as _};
use core::error::Error;
use core::fmt;

use embedded_io::ErrorKind;

/// Reading from a link, or writing to it, failed.
pub struct LinkError(Cause);

enum Cause {
    /// Of a link of the standard library.
    #[cfg(feature = "std")]
    Io(std::io::Error),
    /// Of another link: the kind and the text of its error.
    Other(ErrorKind, String),
    /// Not a failure: the operation would have to wait.
    NotReady,
}

impl LinkError {
    /// The kind and the text of the error of a link that is not the standard library's.
    pub(crate) fn of(error: &impl embedded_io::Error) -> Self {
        Self(Cause::Other(error.kind(), error.to_string()))
    }

    /// The I/O error of the standard library, if the link returned one.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn io_error(&self) -> Option<&std::io::Error> {
        match &self.0 {
            Cause::Io(error) => Some(error),
            _ => None,
        }
    }

    /// The error of an operation that must not wait, on a link that is not ready.
    pub(crate) fn not_ready() -> Self {
        Self(Cause::NotReady)
    }

    pub(crate) fn is_not_ready(&self) -> bool {
        matches!(self.0, Cause::NotReady)
    }

    /// The kind of error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match &self.0 {
            #[cfg(feature = "std")]
            Cause::Io(error) => error.kind().into(),
            Cause::Other(kind, _) => *kind,
            Cause::NotReady => ErrorKind::Other,
        }
    }
}

#[cfg(feature = "std")]
impl From<std::io::Error> for LinkError {
    fn from(error: std::io::Error) -> Self {
        Self(Cause::Io(error))
    }
}

impl embedded_io::Error for LinkError {
    fn kind(&self) -> ErrorKind {
        self.kind()
    }
}

impl fmt::Debug for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            #[cfg(feature = "std")]
            Cause::Io(error) => fmt::Debug::fmt(error, f),
            Cause::Other(kind, text) => write!(f, "LinkError({kind:?}: {text})"),
            Cause::NotReady => f.write_str("LinkError(not ready)"),
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            #[cfg(feature = "std")]
            Cause::Io(error) => fmt::Display::fmt(error, f),
            Cause::Other(_, text) => f.write_str(text),
            Cause::NotReady => f.write_str("the link is not ready"),
        }
    }
}

/// It prints the text of the I/O error, if there is one, and so it has the source of that error.
impl Error for LinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        #[cfg(feature = "std")]
        if let Cause::Io(error) = &self.0 {
            return error.source();
        }
        None
    }
}
