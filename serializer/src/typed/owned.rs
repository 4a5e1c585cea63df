//! `to_vec`, `from_slice`, `to_value` and `from_value`: Rust types into and from bytes and values.

use alloc::vec::Vec;

use serde_core::de::{Deserialize, DeserializeOwned};
use serde_core::ser::Serialize;

use super::{Error, Serde, one_pass};
use crate::{DumpOptions, Limits, LoadOptions, Value};

/// Writes a value with the version byte in front, as `dumps` does:
/// [`DumpOptions::to_vec`] with [`DumpOptions::new`].
///
/// # Errors
/// When the value cannot be represented in the format.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
    DumpOptions::new().to_vec(value)
}

/// Reads what [`to_vec`] or Python's `dumps` wrote: [`LoadOptions::from_slice`]
/// with [`LoadOptions::new`].
///
/// # Errors
/// As [`LoadOptions::from_slice`].
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
    LoadOptions::new().from_slice(bytes)
}

/// The [`Value`] that a Rust value is written as. It is made by writing the
/// value and loading the bytes.
///
/// # Errors
/// When the value cannot be represented in the format.
pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
    let bytes = DumpOptions::wire().to_vec(value)?;
    Ok(unbounded().loads(&bytes)?)
}

/// The Rust value that a [`Value`] represents. It is made by dumping the value
/// and reading the bytes.
///
/// # Errors
/// When the value is not of this type.
pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
    let bytes = DumpOptions::wire().dumps(value)?;
    unbounded().from_slice(&bytes)
}

/// For bytes that were just written by this process.
fn unbounded() -> LoadOptions {
    let limits = Limits::default()
        .with_items(usize::MAX)
        .with_bytes(usize::MAX);
    LoadOptions::wire().with_limits(limits)
}

impl DumpOptions {
    /// Writes a value into a [`Vec`].
    ///
    /// # Errors
    /// When the value cannot be represented in the format.
    pub fn to_vec<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>, Error> {
        self.dumps(&Serde(value)).map_err(Error::from)
    }
}

impl LoadOptions {
    /// Reads the value at the start of `bytes` as a Rust type. Text and bytes can
    /// be borrowed from the input. Bytes after the value are ignored.
    ///
    /// The type is first read in one pass over the bytes. If the type does not
    /// determine what they mean, or they are wrong, a document is built and read
    /// instead: then `T::deserialize` is called a second time, and the result of
    /// the first call is dropped.
    ///
    /// # Errors
    /// When the bytes are no value of the format, exceed the limits or
    /// [`Limits::TYPED_DEPTH`], or are not of this type.
    pub fn from_slice<'de, T: Deserialize<'de>>(&self, bytes: &'de [u8]) -> Result<T, Error> {
        let (body, _) = self.body(bytes)?;
        let limits = self.limits();
        let depth = limits.depth().min(Limits::TYPED_DEPTH);
        let options = self.with_limits(limits.with_depth(depth));
        one_pass::read(&options, body).or_else(|_needs_document| options.via_document(bytes))
    }

    /// The slower way, taken when one pass does not suffice.
    #[cold]
    fn via_document<'de, T: Deserialize<'de>>(&self, bytes: &'de [u8]) -> Result<T, Error> {
        let document = self.document_buf(bytes)?;
        T::deserialize(document.root())
    }
}
