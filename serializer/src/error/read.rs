//! Errors of reading values from readers.

use core::fmt;

use super::LoadError;

/// Loading from a reader failed: the bytes are wrong, or the reader failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError<E> {
    /// The bytes are no value of the format, or one that exceeds the limits.
    Load(LoadError),
    /// The reader failed.
    Read(E),
}

impl<E> From<LoadError> for ReadError<E> {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl<E> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Load(error) => error.fmt(f),
            Self::Read(_) => f.write_str("cannot read the encoded value"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for ReadError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Load(error) => error.source(),
            Self::Read(error) => Some(error),
        }
    }
}
