use alloc::string::String;
use core::error::Error;
use core::fmt;

use embedded_io::ErrorKind;

/// Reading from a link, or writing to it, failed.
pub struct LinkError {
    kind: ErrorKind,
    /// The text of the error of a link that is not the standard library's.
    text: String,
    /// Not a failure: the operation would have to wait.
    not_ready: bool,
    #[cfg(feature = "std")]
    io: Option<std::io::Error>,
}

impl LinkError {
    /// The kind and the text of the error of a link that is not the standard library's.
    pub(crate) fn of(error: &impl embedded_io::Error) -> Self {
        use alloc::string::ToString as _;
        Self {
            kind: error.kind(),
            text: error.to_string(),
            not_ready: false,
            #[cfg(feature = "std")]
            io: None,
        }
    }

    /// The I/O error of the standard library, if the link returned one.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn io_error(&self) -> Option<&std::io::Error> {
        self.io.as_ref()
    }

    /// The error of an operation that must not wait, on a link that is not ready.
    pub(crate) fn not_ready() -> Self {
        Self {
            not_ready: true,
            ..Self::of(&ErrorKind::Other)
        }
    }

    pub(crate) fn is_not_ready(&self) -> bool {
        self.not_ready
    }

    /// The kind of error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

#[cfg(feature = "std")]
impl From<std::io::Error> for LinkError {
    fn from(error: std::io::Error) -> Self {
        Self {
            kind: error.kind().into(),
            text: String::new(),
            not_ready: false,
            io: Some(error),
        }
    }
}

impl embedded_io::Error for LinkError {
    fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Debug for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "std")]
        if let Some(error) = &self.io {
            return fmt::Debug::fmt(error, f);
        }
        write!(f, "LinkError({:?}, {:?})", self.kind, self.text)
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "std")]
        if let Some(error) = &self.io {
            return fmt::Display::fmt(error, f);
        }
        f.write_str(&self.text)
    }
}

/// It prints the text of the I/O error, if there is one, and so it has the source of that error.
impl Error for LinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        #[cfg(feature = "std")]
        if let Some(error) = &self.io {
            return error.source();
        }
        None
    }
}
