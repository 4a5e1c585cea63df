use core::fmt;

/// Why an item is not a pickle that a worker writes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PickleError {
    /// It ends within an operation.
    Truncated,
    /// A byte is none of the operations that plain values need.
    Operation {
        /// The byte.
        byte: u8,
        /// Its offset in the item.
        offset: usize,
    },
    /// An operation does not find what it works on.
    Stack {
        /// Its offset in the item.
        offset: usize,
    },
    /// As opcodes it has more bytes than the limits on decoding allow.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for PickleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => write!(f, "the pickle ends early"),
            Self::Operation { byte, offset } => write!(
                f,
                "unexpected operation 0x{byte:02x} in a pickle, at offset {offset}"
            ),
            Self::Stack { offset } => write!(
                f,
                "an operation of a pickle lacks its values, at offset {offset}"
            ),
            Self::TooLong { limit } => {
                write!(f, "the pickle has more than {limit} bytes as opcodes")
            }
        }
    }
}

impl core::error::Error for PickleError {}
