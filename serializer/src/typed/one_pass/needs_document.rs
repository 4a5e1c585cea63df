//! The error of the one-pass reader.

use core::fmt;

use serde_core::de;

/// The bytes do not match the type, or are invalid. The document has the
/// details.
#[derive(Debug)]
pub(crate) struct NeedsDocument;

impl fmt::Display for NeedsDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value is not what its type made expect")
    }
}

impl core::error::Error for NeedsDocument {}

/// Reasons are neither kept nor printed.
impl de::Error for NeedsDocument {
    #[cold]
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self
    }

    #[cold]
    fn invalid_type(_found: de::Unexpected<'_>, _expected: &dyn de::Expected) -> Self {
        Self
    }

    #[cold]
    fn invalid_value(_found: de::Unexpected<'_>, _expected: &dyn de::Expected) -> Self {
        Self
    }
}
