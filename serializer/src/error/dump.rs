//! [`DumpError`]: a value that the format cannot represent.

use core::fmt;

#[cfg(feature = "serde")]
use super::TypedError;
use crate::Opcode;

/// The value cannot be represented in the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DumpError {
    pub(super) kind: DumpErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DumpErrorKind {
    Refusal(Refusal),
    #[cfg(feature = "serde")]
    Typed(TypedError),
}

/// Why a value cannot be represented.
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
            DumpErrorKind::Typed(error) => error.refusal(),
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

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            DumpErrorKind::Refusal(refusal) => refusal.fmt(f),
            #[cfg(feature = "serde")]
            DumpErrorKind::Typed(error) => error.fmt(f),
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
