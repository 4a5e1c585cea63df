//! That the fast way does not lead there.

use core::fmt;

use serde_core::de;

/// Not what the type made expect, or wrong altogether: the document will tell.
#[derive(Debug)]
pub(crate) struct NeedsDocument;

impl fmt::Display for NeedsDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value is not what its type made expect")
    }
}

impl core::error::Error for NeedsDocument {}

/// Nothing is kept of a reason, nor printed.
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
