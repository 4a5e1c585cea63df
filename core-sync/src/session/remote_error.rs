use alloc::string::String;
use core::fmt;

/// The code on the other side failed: its own words, mostly a Python traceback.
///
/// The text comes from the peer as it is. Escape it before it goes to a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteError {
    text: String,
}

impl RemoteError {
    /// An error with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// What the other side reported.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl core::error::Error for RemoteError {}
