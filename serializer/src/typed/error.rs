//! The errors that types make through serde, with texts of a peer cut and escaped.

use core::fmt;

use serde_core::de::Unexpected;
use serde_core::{de, ser};

use super::Error;
use super::odd_key::NO_TEXT_LOSSY;
use crate::excerpt::Excerpt;

impl ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::message(message)
    }
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::message(message)
    }

    #[cold]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = Found(found);
        Self::message(format_args!("invalid type: {found}, expected {expected}"))
    }

    #[cold]
    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = Found(found);
        Self::message(format_args!("invalid value: {found}, expected {expected}"))
    }

    #[cold]
    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::message(format_args!("unknown field {}", Unknown { name, known }))
    }

    #[cold]
    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        Self::message(format_args!("unknown variant {}", Unknown { name, known }))
    }
}

/// A description of the value that was found, cut to a maximum length.
struct Found<'a>(Unexpected<'a>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Str(text) => write!(f, "string \"{}\"", Excerpt::new(text, '"')),
            found => found.fmt(f),
        }
    }
}

/// An unknown name, and the names that the type has.
struct Unknown<'a> {
    name: &'a str,
    known: &'static [&'static str],
}

impl fmt::Display for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            NO_TEXT_LOSSY => f.write_str("whose key is not text, expected ")?,
            name => write!(f, "`{}`, expected ", Excerpt::new(name, '`'))?,
        }
        match self.known {
            [] => f.write_str("none"),
            [only] => write!(f, "`{only}`"),
            [first, rest @ ..] => {
                write!(f, "one of `{first}`")?;
                rest.iter().try_for_each(|name| write!(f, ", `{name}`"))
            }
        }
    }
}
