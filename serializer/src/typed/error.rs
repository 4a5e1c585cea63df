//! Errors between the format and Rust types, with the path to the value.

use core::fmt;

use serde_core::de::{self, Unexpected};

use super::access::NO_TEXT_LOSSY;
use crate::error::{Located, Refusal, Segment};
use crate::excerpt::Excerpt;
use crate::{DumpError, LoadError};

/// A value does not match the type, or the type cannot be represented in the
/// format.
///
/// The message starts with the path to the value, as a Python expression:
/// `[1]['data'].longrepr` is the field `longrepr` of the value under `'data'`
/// in the dict at index 1.
///
/// ```
/// use execnet_serializer::{dumps, from_slice};
/// let bytes = dumps(&[("a", 1), ("b", -1)])?;
/// let error = from_slice::<Vec<(String, u8)>>(&bytes).unwrap_err();
/// assert_eq!(error.path().to_string(), "[1][1]");
/// assert_eq!(
///     error.to_string(),
///     "[1][1]: invalid value: integer `-1`, expected u8",
/// );
/// # Ok::<(), execnet_serializer::DumpError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Located);

impl Error {
    #[cold]
    pub(super) fn message(message: impl fmt::Display) -> Self {
        Self(Located::message(message))
    }

    /// The sink failed. Its error is kept by the caller.
    #[cold]
    pub(super) fn sink() -> Self {
        Self(Located::sink())
    }

    /// Adds the outer step of the path.
    #[cold]
    pub(super) fn within(self, segment: Segment<'_>) -> Self {
        Self(self.0.within(segment))
    }

    /// Adds the step of an enum variant.
    #[cold]
    pub(super) fn in_variant(self, name: &'static str) -> Self {
        self.within(Segment::Field(name))
    }

    /// The same error for an input that starts `by` bytes earlier.
    #[cfg(feature = "alloc")]
    pub(crate) fn offset_by(self, by: usize) -> Self {
        Self(self.0.offset_by(by))
    }

    /// The path to the value; empty for the whole value.
    #[must_use]
    pub fn path(&self) -> impl fmt::Display {
        self.0.path()
    }

    /// The error of the bytes, if they are no value of the format.
    #[must_use]
    pub fn as_load_error(&self) -> Option<&LoadError> {
        self.0.as_load_error()
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        Self(error.into())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.into())
    }
}

impl From<DumpError> for Error {
    fn from(error: DumpError) -> Self {
        Self(error.into())
    }
}

impl From<Error> for DumpError {
    fn from(error: Error) -> Self {
        error.0.into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl core::error::Error for Error {}

impl serde_core::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::message(message)
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::message(message)
    }

    #[cold]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = Found(found);
        Self::message(format_args!("invalid type: {found}, expected {expected}"))
    }

    #[cold]
    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = Found(found);
        Self::message(format_args!("invalid value: {found}, expected {expected}"))
    }

    #[cold]
    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::message(format_args!("unknown field {}", Unknown { name, known }))
    }

    #[cold]
    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        Self::message(format_args!("unknown variant {}", Unknown { name, known }))
    }
}

/// A description of the value that was found, cut to a maximum length.
struct Found<'a>(Unexpected<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Str(text) => write!(f, "string \"{}\"", Excerpt::new(text, '"')),
            found => found.fmt(f),
        }
    }
}

/// An unknown name, and the names that the type has.
struct Unknown<'a> {
    name: &'a str,
    known: &'static [&'static str],
}

impl fmt::Display for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            NO_TEXT_LOSSY => f.write_str("whose key is not text, expected ")?,
            name => write!(f, "`{}`, expected ", Excerpt::new(name, '`'))?,
        }
        match self.known {
            [] => f.write_str("none"),
            [only] => write!(f, "`{only}`"),
            [first, rest @ ..] => {
                write!(f, "one of `{first}`")?;
                rest.iter().try_for_each(|name| write!(f, ", `{name}`"))
            }
        }
    }
}

/// Reading from a reader or writing to a writer failed: because of the value,
/// or the reader or writer failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamError<E> {
    /// The value cannot be read as the type, or the type cannot be written.
    Value(Error),
    /// The reader or writer failed.
    Io(E),
}

impl<E> From<Error> for StreamError<E> {
    fn from(error: Error) -> Self {
        Self::Value(error)
    }
}

impl<E> fmt::Display for StreamError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(error) => error.fmt(f),
            Self::Io(_) => f.write_str("cannot read or write the encoded value"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for StreamError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Value(error) => error.source(),
            Self::Io(error) => Some(error),
        }
    }
}
