//! Errors of specs.

use core::error::Error;
use core::fmt;

/// A spec that cannot be parsed or used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpecError {
    /// A key is empty: before a `=`, or between two `//`.
    EmptyKey,
    /// A key begins with an underscore.
    Underscore(String),
    /// A key occurs twice.
    Duplicate(String),
    /// An `env:` key has no name or no value, or contains a NUL.
    Variable(String),
    /// A key has an unusable value.
    Value {
        /// The key.
        key: &'static str,
        /// Why the value is unusable.
        problem: String,
    },
    /// A key, or its value, must be UTF-8 and is not.
    NotUtf8(String),
    /// Two keys that exclude each other.
    Conflict(&'static str, &'static str),
    /// No key names a transport.
    NoTransport,
    /// The spec asks for a part of this crate that is not compiled into the program.
    NeedsFeature {
        /// The key, with the value that asks for the part.
        key: &'static str,
        /// The feature of this crate that adds the part.
        feature: &'static str,
    },
    /// An unknown key, see [`XSpec::check_keys`](crate::XSpec::check_keys).
    UnknownKey {
        /// The key.
        key: String,
        /// The most similar known key.
        nearest: Option<&'static str>,
    },
}

impl SpecError {
    pub(crate) fn value(key: &'static str, problem: impl Into<String>) -> Self {
        let problem = problem.into();
        Self::Value { key, problem }
    }
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
