//! Why a pickle is refused.

use core::fmt;

/// Why an item is not a pickle that a worker writes. Offsets are in the payload of the item.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PickleError {
    /// It ends within an operation.
    Truncated {
        /// The offset of the operation.
        offset: usize,
    },
    /// A byte is not an operation of plain values.
    Operation {
        /// The byte.
        byte: u8,
        /// Its offset.
        offset: usize,
    },
    /// An operation does not find the values that it needs.
    Stack {
        /// Its offset.
        offset: usize,
    },
    /// At its end there is not one value, or something follows.
    End {
        /// The offset of its STOP.
        offset: usize,
    },
    /// It has more values than the limits on decoding allow.
    TooManyItems {
        /// The limit.
        limit: usize,
    },
    /// It is nested deeper than the limits on decoding allow.
    TooDeep {
        /// The limit in containers.
        limit: usize,
    },
    /// It has more bytes than the limits on decoding allow, as it is or as opcodes.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

impl PickleError {
    /// Whether a limit on decoding was exceeded.
    #[must_use]
    pub const fn is_limit(&self) -> bool {
        matches!(
            self,
            Self::TooManyItems { .. } | Self::TooDeep { .. } | Self::TooLong { .. }
        )
    }
}

impl fmt::Display for PickleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { offset } => {
                write!(f, "the pickle ends within the operation at byte {offset}")
            }
            Self::Operation { byte, offset } => {
                write!(
                    f,
                    "byte {offset} of the pickle: 0x{byte:02x} is not an operation of plain values"
                )
            }
            Self::Stack { offset } => {
                write!(
                    f,
                    "byte {offset} of the pickle: the operation has too few values, or others than it needs"
                )
            }
            Self::End { offset } => {
                write!(
                    f,
                    "byte {offset} of the pickle: its end, without exactly one value before it and nothing behind it"
                )
            }
            Self::TooManyItems { limit } => write!(f, "the pickle has more than {limit} values"),
            Self::TooDeep { limit } => {
                write!(f, "the pickle is nested deeper than {limit} containers")
            }
            Self::TooLong { limit } => write!(f, "the pickle has more than {limit} bytes"),
        }
    }
}

impl core::error::Error for PickleError {}
