//! Errors of reading bytes.

use core::fmt;

use super::plural;

/// Bytes that are no value of the format, or one that exceeds the limits.
///
/// [`offset`](Self::offset) says where, the predicates say of which kind, and
/// the text says what to do about it.
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
    UnexpectedEnd { wanted: usize, left: usize },
    NegativeLength(i32),
    StackTooShort { wanted: usize, held: usize },
    NotAContainer,
    ListIndex { expected: usize },
    ListUnfilled { missing: u32 },
    Unhashable,
    Utf8,
    Integer,
    StopWith(usize),
    Depth(u16),
    Items(usize),
    Bytes(usize),
    Capacity,
}

impl LoadError {
    #[cold]
    pub(crate) const fn new(kind: LoadErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// Where in the input the offending element starts, in bytes from the
    /// beginning of what was handed in (the version byte counts).
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The input ended before its STOP: more bytes might make it whole.
    ///
    /// So is every proper prefix of a value, the empty one included. What is
    /// reported otherwise stays what it is, whatever bytes follow.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        matches!(self.kind, LoadErrorKind::UnexpectedEnd { .. })
    }

    /// The first byte is not a version that this crate reads.
    #[must_use]
    pub const fn is_version(&self) -> bool {
        matches!(self.kind, LoadErrorKind::Version(_))
    }

    /// One of the [`Limits`](crate::Limits) was exceeded; the bytes may be
    /// sound.
    #[must_use]
    pub const fn is_limit(&self) -> bool {
        matches!(
            self.kind,
            LoadErrorKind::Depth(_)
                | LoadErrorKind::Items(_)
                | LoadErrorKind::Bytes(_)
                | LoadErrorKind::Capacity
        )
    }

    /// Text that is not UTF-8.
    #[must_use]
    pub const fn is_utf8(&self) -> bool {
        matches!(self.kind, LoadErrorKind::Utf8)
    }

    /// No writer makes such bytes, and no further bytes mend them: a byte that
    /// is no opcode, a negative length, a container of values that are not
    /// there, a list that is not filled or not filled in order, an unhashable
    /// key, text that is not UTF-8.
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
        }
    }
}

impl core::error::Error for LoadError {}
