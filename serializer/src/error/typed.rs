//! Errors between the format and Rust types, with the path to the value. How
//! serde makes them is in `typed`.

use core::fmt;

use super::dump::DumpErrorKind;
use super::path::{Path, Segment};
use super::text::Text;
use super::{DumpError, LoadError, Refusal};

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
pub struct TypedError {
    // Boxed if there is a heap, so that results stay small.
    #[cfg(feature = "alloc")]
    inner: alloc::boxed::Box<Inner>,
    #[cfg(not(feature = "alloc"))]
    inner: Inner,
}

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    cause: Cause,
    path: Path,
}

#[derive(Clone, PartialEq, Eq)]
enum Cause {
    Load(LoadError),
    Refusal(Refusal),
    Sink,
    Message(Text<MESSAGE>),
}

/// The maximum length of a message in bytes. Without a heap, each error
/// reserves it.
const MESSAGE: usize = if cfg!(feature = "alloc") { 1000 } else { 48 };

impl TypedError {
    #[cold]
    fn new(cause: Cause) -> Self {
        let inner = Inner {
            cause,
            path: Path::default(),
        };
        Self {
            #[cfg(feature = "alloc")]
            inner: alloc::boxed::Box::new(inner),
            #[cfg(not(feature = "alloc"))]
            inner,
        }
    }

    #[cold]
    pub(crate) fn message(message: impl fmt::Display) -> Self {
        Self::new(Cause::Message(Text::of(message)))
    }

    /// The sink failed. Its error is kept by the caller.
    #[cold]
    pub(crate) fn sink() -> Self {
        Self::new(Cause::Sink)
    }

    /// Adds the outer step of the path.
    #[cold]
    pub(crate) fn within(mut self, segment: Segment<'_>) -> Self {
        self.inner.path.prepend(segment);
        self
    }

    /// The same error for an input that starts `by` bytes earlier.
    #[cfg(feature = "alloc")]
    pub(crate) fn offset_by(mut self, by: usize) -> Self {
        if let Cause::Load(error) = &mut self.inner.cause {
            *error = error.clone().offset_by(by);
        }
        self
    }

    /// The path to the value; empty for the whole value.
    #[must_use]
    pub fn path(&self) -> impl fmt::Display {
        &self.inner.path
    }

    /// The error of the bytes, if they are no value of the format.
    #[must_use]
    pub fn as_load_error(&self) -> Option<&LoadError> {
        match &self.inner.cause {
            Cause::Load(error) => Some(error),
            _ => None,
        }
    }

    pub(super) const fn refusal(&self) -> Option<Refusal> {
        let inner: &Inner = &self.inner;
        match &inner.cause {
            Cause::Refusal(refusal) => Some(*refusal),
            _ => None,
        }
    }
}

impl From<LoadError> for TypedError {
    fn from(error: LoadError) -> Self {
        Self::new(Cause::Load(error))
    }
}

impl From<Refusal> for TypedError {
    fn from(refusal: Refusal) -> Self {
        Self::new(Cause::Refusal(refusal))
    }
}

impl From<DumpError> for TypedError {
    fn from(error: DumpError) -> Self {
        match error.kind {
            DumpErrorKind::Refusal(refusal) => refusal.into(),
            DumpErrorKind::Typed(error) => error,
        }
    }
}

impl From<TypedError> for DumpError {
    fn from(error: TypedError) -> Self {
        let kind = DumpErrorKind::Typed(error);
        Self { kind }
    }
}

impl fmt::Display for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.inner.path.is_empty() {
            write!(f, "{}: ", self.inner.path)?;
        }
        match &self.inner.cause {
            Cause::Load(error) => error.fmt(f),
            Cause::Refusal(refusal) => refusal.fmt(f),
            Cause::Sink => f.write_str("cannot write the encoded value"),
            Cause::Message(message) => message.fmt(f),
        }
    }
}

impl fmt::Debug for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

impl core::error::Error for TypedError {}
