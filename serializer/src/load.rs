//! Loads whole values from memory.

use crate::error::LoadError;
use crate::options::LoadOptions;
use crate::value::{Value, load_value};

/// Loads what `dumps` wrote, here or in Python: [`LoadOptions::loads`] with
/// [`LoadOptions::new`].
///
/// A payload of a frame has no version byte: `LoadOptions::wire().loads(bytes)`.
///
/// # Errors
/// When the bytes are no value of the format, or exceed the limits.
pub fn loads(bytes: &[u8]) -> Result<Value, LoadError> {
    LoadOptions::new().loads(bytes)
}

impl LoadOptions {
    /// Loads the value at the start of `bytes`. Bytes after it are ignored, as
    /// execnet does.
    ///
    /// # Errors
    /// When the bytes are no value of the format, or exceed the limits.
    pub fn loads(&self, bytes: &[u8]) -> Result<Value, LoadError> {
        load_value(bytes, self).map(|(value, _)| value)
    }

    /// Loads the value at the start of `bytes`, and returns it with the number
    /// of bytes that it took, where the next one starts.
    ///
    /// # Errors
    /// As [`loads`](Self::loads).
    pub fn load_prefix(&self, bytes: &[u8]) -> Result<(Value, usize), LoadError> {
        load_value(bytes, self)
    }
}
