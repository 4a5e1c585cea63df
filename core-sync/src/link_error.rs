use alloc::string::String;
use core::error::Error;
use core::fmt;

use embedded_io::ErrorKind;

/// Reading from a link, or writing to it, failed.
pub struct LinkError {
    kind: ErrorKind,
    /// What the link says, where that is all there is of its error.
    text: String,
    /// Nothing failed: it would have to be waited for.
    not_ready: bool,
    #[cfg(feature = "std")]
    io: Option<std::io::Error>,
}

impl LinkError {
    /// The error of a link that is not the standard library's: its kind and its text.
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

    /// The error of the operating system, where the link gave one.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn io_error(&self) -> Option<&std::io::Error> {
        self.io.as_ref()
    }

    /// That a link which is not to be waited for is not ready.
    pub(crate) fn not_ready() -> Self {
        Self {
            not_ready: true,
            ..Self::of(&ErrorKind::Other)
        }
    }

    pub(crate) fn is_not_ready(&self) -> bool {
        self.not_ready
    }

    /// What kind of error it is.
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

/// It stands for the error of the operating system, where there is one: the chain goes on with what that has.
impl Error for LinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        #[cfg(feature = "std")]
        if let Some(error) = &self.io {
            return error.source();
        }
        None
    }
}
