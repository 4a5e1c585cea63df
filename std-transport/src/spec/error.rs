//! What can be wrong with a spec.

use core::error::Error;
use core::fmt;

/// A text that is no spec.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecError {
    /// Nothing stands before a `=` or between two `//`.
    EmptyKey,
    /// A key that begins with an underscore.
    Underscore(String),
    /// A key that is there twice.
    Duplicate(String),
    /// An `env:` key without a name or value that a process can have.
    Variable(String),
    /// A key whose value cannot be used, and why.
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong with its value.
        problem: String,
    },
    /// A key whose value, or which itself, is not UTF-8 where it has to be.
    NotUtf8(String),
    /// Two keys that do not go together.
    Conflict(&'static str, &'static str),
    /// No key that says how to reach an interpreter.
    NoTransport,
    /// The spec asks for a part of this crate that is not compiled into the program.
    NeedsFeature {
        /// The key, with the value that asks for the part.
        key: &'static str,
        /// The feature of this crate that adds the part.
        feature: &'static str,
    },
    /// A key that has no meaning, see [`XSpec::check_keys`](crate::XSpec::check_keys).
    UnknownKey {
        /// The key.
        key: String,
        /// The known key that resembles it most.
        nearest: Option<&'static str>,
    },
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyKey => f.write_str("a spec is key=value//key=value, and no key is empty"),
            Self::Underscore(key) => write!(f, "{key:?} is not a valid key of a spec"),
            Self::Duplicate(key) => write!(f, "duplicate key: {key:?}"),
            Self::Variable(key) => write!(f, "{key:?} sets no environment variable"),
            Self::Value { key, problem } => write!(f, "{key}= cannot be used: {problem}"),
            Self::NotUtf8(key) => write!(
                f,
                "{key}= is not UTF-8: only paths and programs of this machine can be anything else"
            ),
            Self::Conflict(one, other) => write!(f, "{one} and {other} do not go together"),
            Self::NoTransport => write!(
                f,
                "the spec names no transport; expected one of {}",
                super::keys::TRANSPORTS.join(", ")
            ),
            Self::NeedsFeature { key, feature } => write!(
                f,
                "{key} needs the feature `{feature}` of the crate execnet, which is not compiled into this program"
            ),
            Self::UnknownKey { key, nearest } => {
                write!(f, "unknown key {key:?} in a spec")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean {nearest:?}?"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Error for SpecError {}
