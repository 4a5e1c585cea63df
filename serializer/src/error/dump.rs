//! Errors of writing values.

use core::fmt;

#[cfg(feature = "serde")]
use super::Located;
use crate::Opcode;

/// The value cannot be represented in the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpError {
    kind: DumpErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum DumpErrorKind {
    Refusal(Refusal),
    #[cfg(feature = "serde")]
    Located(Located),
}

/// What cannot be represented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    TooLong {
        opcode: Opcode,
        len: usize,
    },
    Depth(u16),
    // Only values and serde's maps have keys of their own choice.
    #[cfg_attr(not(any(feature = "alloc", feature = "serde")), allow(dead_code))]
    Unhashable,
}

impl DumpError {
    #[cold]
    pub(crate) const fn new(refusal: Refusal) -> Self {
        let kind = DumpErrorKind::Refusal(refusal);
        Self { kind }
    }

    const fn refusal(&self) -> Option<Refusal> {
        match &self.kind {
            DumpErrorKind::Refusal(refusal) => Some(*refusal),
            #[cfg(feature = "serde")]
            DumpErrorKind::Located(error) => error.refusal(),
        }
    }

    /// A length exceeds the format's signed 32 bits.
    #[must_use]
    pub const fn is_too_long(&self) -> bool {
        matches!(self.refusal(), Some(Refusal::TooLong { .. }))
    }

    /// Nested deeper than [`Limits::MAX_DEPTH`](crate::Limits::MAX_DEPTH), or by
    /// serde than [`Limits::TYPED_DEPTH`](crate::Limits::TYPED_DEPTH).
    #[must_use]
    pub const fn is_depth(&self) -> bool {
        matches!(self.refusal(), Some(Refusal::Depth(_)))
    }

    /// A list, dict or set as dict key or set element.
    #[must_use]
    pub const fn is_unhashable(&self) -> bool {
        matches!(self.refusal(), Some(Refusal::Unhashable))
    }
}

#[cfg(feature = "serde")]
impl From<Located> for DumpError {
    fn from(error: Located) -> Self {
        let kind = DumpErrorKind::Located(error);
        Self { kind }
    }
}

#[cfg(feature = "serde")]
impl From<DumpError> for Located {
    fn from(error: DumpError) -> Self {
        match error.kind {
            DumpErrorKind::Refusal(refusal) => refusal.into(),
            DumpErrorKind::Located(error) => error,
        }
    }
}

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DumpErrorKind::Refusal(refusal) => refusal.fmt(f),
            #[cfg(feature = "serde")]
            DumpErrorKind::Located(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { opcode, len } => write!(
                f,
                "{} of length {len} exceeds the limit of the format, {}: send it in parts",
                opcode.name(),
                i32::MAX
            ),
            Self::Depth(limit) => write!(f, "nesting exceeds the limit of {limit} containers"),
            Self::Unhashable => f.write_str(
                "unhashable dict key or set element (a list, dict or set): use a tuple or frozenset",
            ),
        }
    }
}

impl core::error::Error for DumpError {}

/// Encoding failed: the value cannot be represented, or the sink failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeError<E> {
    /// The value cannot be represented in the format.
    Dump(DumpError),
    /// The sink failed.
    Write(E),
}

impl<E> From<DumpError> for EncodeError<E> {
    fn from(error: DumpError) -> Self {
        Self::Dump(error)
    }
}

impl EncodeError<core::convert::Infallible> {
    /// The error of a sink that cannot fail, such as a `Vec`.
    #[must_use]
    pub fn into_dump_error(self) -> DumpError {
        match self {
            Self::Dump(error) => error,
            Self::Write(never) => match never {},
        }
    }
}

impl<E: fmt::Display> fmt::Display for EncodeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dump(error) => error.fmt(f),
            Self::Write(_) => f.write_str("cannot write the encoded value"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for EncodeError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Dump(error) => error.source(),
            Self::Write(error) => Some(error),
        }
    }
}
