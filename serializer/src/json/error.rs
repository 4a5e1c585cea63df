//! [`FromJsonError`]: JSON that does not represent a value.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::excerpt::{Excerpt, show_path};

/// The JSON does not represent a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromJsonError {
    /// A JSON pointer, its last step first.
    steps: Vec<String>,
    kind: FromJsonErrorKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FromJsonErrorKind {
    /// Not the content that this marker has.
    Expected(&'static str),
    Unhashable,
    Depth(u16),
}

impl FromJsonError {
    #[cold]
    pub(super) const fn new(kind: FromJsonErrorKind) -> Self {
        let steps = Vec::new();
        Self { steps, kind }
    }

    /// The error as seen from one level further out.
    #[cold]
    pub(super) fn under(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }

    #[cold]
    pub(super) fn under_index(self, index: usize) -> Self {
        self.under(index.to_string())
    }

    /// The position of the offending part, as a JSON pointer:
    /// `/reports/0/$bytes`.
    #[must_use]
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in self.steps.iter().rev() {
            pointer.push('/');
            pointer.push_str(&escaped(step));
        }
        pointer
    }
}

impl fmt::Display for FromJsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys are a peer's text.
        show_path(f, &self.steps, |step, f| {
            write!(f, "/{}", Excerpt::new(&escaped(step), '"'))
        })?;
        if !self.steps.is_empty() {
            f.write_str(": ")?;
        }
        self.kind.fmt(f)
    }
}

/// A step as JSON pointers have it.
fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

impl fmt::Display for FromJsonErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expected(expected) => write!(f, "expected {expected}"),
            Self::Unhashable => f.write_str(
                "a list, dict or set as dict key or set element: use a tuple or frozenset",
            ),
            Self::Depth(limit) => write!(f, "nested deeper than {limit} containers"),
        }
    }
}

impl core::error::Error for FromJsonError {}
