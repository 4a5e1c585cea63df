//! [`LoadError`]: bytes that are no value of the format, with the offset.

use core::fmt;

use super::plural;

/// Bytes that are no value of the format, or one that exceeds the limits.
///
/// [`offset`](Self::offset) is the position in the input, the predicates are
/// the kind of error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    kind: LoadErrorKind,
    offset: usize,
}

/// Why loading failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoadErrorKind {
    Version(u8),
    UnknownOpcode(u8),
    UnexpectedEnd {
        wanted: usize,
        left: usize,
    },
    NegativeLength(i32),
    StackTooShort {
        wanted: usize,
        held: usize,
    },
    NotAContainer,
    ListIndex {
        expected: usize,
    },
    ListUnfilled {
        missing: u32,
    },
    Unhashable,
    Utf8,
    Integer,
    StopWith(usize),
    Depth(u16),
    Items(usize),
    Bytes(usize),
    Capacity,
    // Only what is built on a heap can find none.
    #[cfg_attr(not(feature = "alloc"), allow(dead_code))]
    Memory,
}

impl LoadError {
    #[cold]
    pub(crate) const fn new(kind: LoadErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// The offset in the input at which the offending element starts, in bytes,
    /// version byte included.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The input ended before STOP: more bytes may complete it.
    ///
    /// True for every proper prefix of a value, the empty input included. Every
    /// other error remains the same if more bytes follow.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        matches!(self.kind, LoadErrorKind::UnexpectedEnd { .. })
    }

    /// The first byte is not a version that this crate reads.
    #[must_use]
    pub const fn is_version(&self) -> bool {
        matches!(self.kind, LoadErrorKind::Version(_))
    }

    /// One of the [`Limits`](crate::Limits) was exceeded, or there is no memory
    /// for the value; the input may be well-formed.
    #[must_use]
    pub const fn is_limit(&self) -> bool {
        matches!(
            self.kind,
            LoadErrorKind::Depth(_)
                | LoadErrorKind::Items(_)
                | LoadErrorKind::Bytes(_)
                | LoadErrorKind::Capacity
                | LoadErrorKind::Memory
        )
    }

    /// There is no memory for the value. What was allocated for it is free again.
    ///
    /// On most systems an allocation never fails; on a device it does.
    #[must_use]
    pub const fn is_memory(&self) -> bool {
        matches!(self.kind, LoadErrorKind::Memory)
    }

    /// Text that is not UTF-8.
    #[must_use]
    pub const fn is_utf8(&self) -> bool {
        matches!(self.kind, LoadErrorKind::Utf8)
    }

    /// The input is invalid and more bytes cannot complete it: an unknown
    /// opcode, a negative length, a stack underflow, a list that is incomplete
    /// or out of order, an unhashable key, text that is not UTF-8.
    ///
    /// Exactly one of [`is_truncated`](Self::is_truncated),
    /// [`is_version`](Self::is_version), [`is_limit`](Self::is_limit) and this
    /// is true. A stock Python reader accepts some malformed input, as
    /// `docs/wire-format.md` lists.
    #[must_use]
    pub const fn is_malformed(&self) -> bool {
        !(self.is_truncated() || self.is_version() || self.is_limit())
    }

    /// The same error for an input that starts `by` bytes earlier.
    pub(crate) const fn offset_by(mut self, by: usize) -> Self {
        self.offset += by;
        self
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.kind)
    }
}

impl fmt::Display for LoadErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(byte) => write!(
                f,
                "not an execnet dump: expected version byte 0x02, found {byte:#04x}"
            ),
            Self::UnknownOpcode(byte) => write!(f, "unknown opcode {byte:#04x}"),
            Self::UnexpectedEnd { wanted, left } => {
                let s = plural(*wanted);
                write!(
                    f,
                    "unexpected end of input: expected {wanted} byte{s}, found {left}"
                )
            }
            Self::NegativeLength(n) => write!(f, "negative length {n}"),
            Self::StackTooShort { wanted, held } => {
                write!(f, "stack underflow: expected {wanted} values, found {held}")
            }
            Self::NotAContainer => f.write_str("SETITEM on a value that is neither list nor dict"),
            Self::ListIndex { expected } => {
                write!(f, "list item out of order: expected index {expected}")
            }
            Self::ListUnfilled { missing } => {
                let s = plural(*missing as usize);
                write!(f, "incomplete list: {missing} item{s} missing")
            }
            Self::Unhashable => {
                f.write_str("unhashable dict key or set element (a list, dict or set)")
            }
            Self::Utf8 => f.write_str("invalid UTF-8 in text"),
            Self::Integer => f.write_str("invalid decimal integer"),
            Self::StopWith(held) => write!(f, "STOP: expected 1 value on the stack, found {held}"),
            Self::Depth(limit) => write!(f, "nesting exceeds the limit of {limit} containers"),
            Self::Items(limit) => write!(f, "number of values exceeds the limit of {limit}"),
            Self::Bytes(limit) => write!(f, "input exceeds the limit of {limit} bytes"),
            Self::Capacity => f.write_str("number of values exceeds the capacity of the document"),
            Self::Memory => f.write_str("no memory for the value"),
        }
    }
}

impl core::error::Error for LoadError {}
