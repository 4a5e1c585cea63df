//! An error and the place of the part of a value that it is about.

use core::fmt;

use super::path::{Path, Segment};
use super::text::Text;
use super::{LoadError, Refusal};

/// An error in a part of a value, and the path to that part.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Located {
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

impl Located {
    #[cold]
    fn new(cause: Cause) -> Self {
        let inner = Inner {
            cause,
            path: Path::new(),
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

    pub(crate) fn path(&self) -> &Path {
        &self.inner.path
    }

    pub(crate) fn as_load_error(&self) -> Option<&LoadError> {
        match &self.inner.cause {
            Cause::Load(error) => Some(error),
            _ => None,
        }
    }

    pub(crate) const fn refusal(&self) -> Option<Refusal> {
        #[cfg(feature = "alloc")]
        let cause = {
            let inner: &Inner = &self.inner;
            &inner.cause
        };
        #[cfg(not(feature = "alloc"))]
        let cause = &self.inner.cause;
        match cause {
            Cause::Refusal(refusal) => Some(*refusal),
            _ => None,
        }
    }
}

impl From<LoadError> for Located {
    fn from(error: LoadError) -> Self {
        Self::new(Cause::Load(error))
    }
}

impl From<Refusal> for Located {
    fn from(refusal: Refusal) -> Self {
        Self::new(Cause::Refusal(refusal))
    }
}

impl fmt::Display for Located {
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

impl fmt::Debug for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Located({self})")
    }
}
