//! [`StreamError`]: an error of a value, or of the reader or sink it goes through.

use core::convert::Infallible;
use core::fmt;

use super::DumpError;
#[cfg(feature = "alloc")]
use super::LoadError;

/// A value was not read or written: because of the value or its bytes, or
/// because the reader or sink failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamError<V, E> {
    /// The bytes are wrong, or the value cannot be represented.
    Value(V),
    /// The reader or sink failed.
    Io(E),
}

/// A value was not written: the format cannot represent it, or the sink failed.
pub type EncodeError<E> = StreamError<DumpError, E>;

/// A value was not read: the bytes are wrong or exceed the limits, or the reader
/// failed.
#[cfg(feature = "alloc")]
pub type ReadError<E> = StreamError<LoadError, E>;

impl<V> StreamError<V, Infallible> {
    /// The error of a reader or sink that cannot fail, such as a `Vec`.
    #[must_use]
    pub fn into_value_error(self) -> V {
        match self {
            Self::Value(error) => error,
            Self::Io(never) => match never {},
        }
    }
}

impl<V, E> From<V> for StreamError<V, E> {
    fn from(error: V) -> Self {
        Self::Value(error)
    }
}

impl<V: fmt::Display, E> fmt::Display for StreamError<V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(error) => error.fmt(f),
            Self::Io(_) => f.write_str("cannot read or write the encoded value"),
        }
    }
}

impl<V, E> core::error::Error for StreamError<V, E>
where
    V: core::error::Error,
    E: core::error::Error + 'static,
{
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Value(error) => error.source(),
            Self::Io(error) => Some(error),
        }
    }
}
