//! Conversions to specs.

use super::{SpecError, XSpec};

/// A spec as [`Group::make_gateway`](crate::Group::make_gateway) takes it: a text or a parsed spec.
pub trait IntoXSpec {
    /// The spec; `None` for an empty text, which means the group's default.
    ///
    /// # Errors
    /// The text is not a spec.
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError>;
}

impl IntoXSpec for &str {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        if self.is_empty() {
            return Ok(None);
        }
        self.parse().map(Some)
    }
}

impl IntoXSpec for &String {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        self.as_str().into_xspec()
    }
}

impl IntoXSpec for String {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        self.as_str().into_xspec()
    }
}

impl IntoXSpec for &XSpec {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        Ok(Some(self.clone()))
    }
}

impl IntoXSpec for XSpec {
    fn into_xspec(self) -> Result<Option<XSpec>, SpecError> {
        Ok(Some(self))
    }
}
