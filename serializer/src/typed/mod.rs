//! Rust types into the format and back, by `serde`.
//!
//! ```
//! use execnet_serializer::{from_slice, loads, to_vec, value};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Report<'a> {
//!     nodeid: &'a str,
//!     location: (&'a str, u32),
//!     duration: f64,
//! }
//!
//! let bytes = to_vec(&Report { nodeid: "test_x", location: ("x.py", 41), duration: 0.5 })?;
//! assert_eq!(
//!     loads(&bytes)?,
//!     value!({"nodeid": "test_x", "location": ("x.py", 41), "duration": 0.5}),
//! );
//! let report: Report<'_> = from_slice(&bytes)?;
//! assert_eq!(report.nodeid, "test_x");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`to_writer`] and, with `alloc`, `to_vec` write the version byte in front, as
//! [`dumps`](crate::dumps) does; `from_slice` wants it. `to_vec_internal` and
//! `from_slice_internal` are for what travels between gateways, as
//! [`dumps_internal`](crate::dumps_internal) and
//! [`loads_internal`](crate::loads_internal). [`Serde`] makes a type a [`Dump`],
//! and without an allocator [`Node::deserialize`](crate::Node::deserialize)
//! reads from a [`Document`](crate::Document).
//!
//! # What becomes what
//!
#![doc = include_str!("types.md")]

mod access;
mod bytes;
mod compound;
mod de;
mod error;
mod number;
#[cfg(feature = "alloc")]
mod one_pass;
mod ser;
mod special;
#[cfg(feature = "alloc")]
mod value;
mod wrapped;

use embedded_io::Write;
use serde_core::ser::Serialize;

pub use error::{Error, StreamError};
use ser::{Output, Serializer};
pub use special::{AsFrozenSet, AsSet, frozenset, set};

use crate::{Dump, EncodeError, Encoder, IntoWriter};

/// What serde asks to choose between two forms of a type: the readers are
/// Python programs, to which an address is text.
const HUMAN_READABLE: bool = true;

/// Makes a type that serde knows a [`Dump`]: to be sent where values are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Serde<T>(pub T);

impl<T: Serialize> Dump for Serde<T> {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        let mut failed = None;
        let serializer = Serializer {
            output: Output::new(encoder, &mut failed),
            key: false,
        };
        let written = self.0.serialize(serializer);
        match (written, failed) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(error)) => Err(EncodeError::Write(error)),
            (Err(error), None) => Err(EncodeError::Dump(error.into())),
        }
    }
}

/// Writes a value to a sink, version byte in front, without building the whole
/// first.
///
/// # Errors
/// When the format cannot say the value, or the sink fails. What was already
/// written stays in the sink.
pub fn to_writer<W: IntoWriter, T: Serialize + ?Sized>(
    writer: W,
    value: &T,
) -> Result<(), StreamError<W::Error>> {
    crate::dump(writer, &Serde(value)).map_err(|error| match error {
        EncodeError::Dump(error) => StreamError::Value(error.into()),
        EncodeError::Write(error) => StreamError::Io(error),
    })
}

#[cfg(feature = "alloc")]
pub use owned::{from_slice, from_slice_internal, from_value, to_value, to_vec, to_vec_internal};

#[cfg(feature = "alloc")]
mod owned {
    use alloc::vec::Vec;

    use serde_core::de::{Deserialize, DeserializeOwned};
    use serde_core::ser::Serialize;

    use super::{Error, Serde, one_pass};
    use crate::options::unversioned;
    use crate::{DocumentBuf, Limits, LoadOptions, Value, dumps, dumps_internal};

    /// Writes a value with the version byte in front, as [`dumps`] does.
    ///
    /// # Errors
    /// When the format cannot say the value.
    pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
        dumps(&Serde(value)).map_err(Error::from)
    }

    /// Writes a value without version byte, as it travels between gateways:
    /// see [`dumps_internal`].
    ///
    /// # Errors
    /// When the format cannot say the value.
    pub fn to_vec_internal<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Error> {
        dumps_internal(&Serde(value)).map_err(Error::from)
    }

    /// Reads what [`to_vec`] or Python's `dumps` wrote, with the options of
    /// [`loads`](crate::loads). Text and bytes can be borrowed from the input.
    ///
    /// The type is first read in one pass over the bytes. Where that is not
    /// enough to tell what they mean, or they are wrong, a second pass knows the
    /// whole value: then `T::deserialize` is called twice, and what came of the
    /// first call is dropped.
    ///
    /// # Errors
    /// When the bytes are no value of the format, or not of this type.
    pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
        LoadOptions::new().from_slice(bytes)
    }

    /// Reads a value without version byte, with the options of
    /// [`loads_internal`](crate::loads_internal).
    ///
    /// # Errors
    /// As [`from_slice`].
    pub fn from_slice_internal<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Error> {
        LoadOptions::channel().from_slice_internal(bytes)
    }

    /// The [`Value`] that a Rust value is written as: the same as writing and
    /// loading it, by which it is made.
    ///
    /// # Errors
    /// When the format cannot say the value.
    pub fn to_value<T: Serialize + ?Sized>(value: &T) -> Result<Value, Error> {
        let bytes = to_vec_internal(value)?;
        Ok(unbounded().loads_internal(&bytes)?)
    }

    /// The Rust value that a [`Value`] says: the same as writing it and reading
    /// that, by which it is made.
    ///
    /// # Errors
    /// When it is not of this type.
    pub fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, Error> {
        let bytes = dumps_internal(value).map_err(Error::from)?;
        unbounded().from_slice_internal(&bytes)
    }

    /// What this program wrote itself needs no bounds.
    fn unbounded() -> LoadOptions {
        let limits = Limits::default()
            .with_items(usize::MAX)
            .with_bytes(usize::MAX);
        LoadOptions::new().limits(limits)
    }

    impl LoadOptions {
        /// Reads what `to_vec` or Python's `dumps` wrote. Text and bytes can be
        /// borrowed from the input.
        ///
        /// # Errors
        /// When the bytes are no value of the format, exceed the limits or
        /// [`Limits::TYPED_DEPTH`], or are not of this type.
        pub fn from_slice<'de, T: Deserialize<'de>>(&self, bytes: &'de [u8]) -> Result<T, Error> {
            self.from_slice_internal(unversioned(bytes)?)
                .map_err(|error| error.offset_by(1))
        }

        /// Reads a value without version byte.
        ///
        /// # Errors
        /// As [`from_slice`](Self::from_slice).
        pub fn from_slice_internal<'de, T: Deserialize<'de>>(
            &self,
            bytes: &'de [u8],
        ) -> Result<T, Error> {
            let limits = self.bounds();
            let depth = limits.depth().min(Limits::TYPED_DEPTH);
            let options = (*self).limits(limits.with_depth(depth));
            one_pass::read(&options, bytes).or_else(|_needs_document| options.via_document(bytes))
        }

        /// Where the fast way does not lead.
        #[cold]
        fn via_document<'de, T: Deserialize<'de>>(&self, bytes: &'de [u8]) -> Result<T, Error> {
            let document: DocumentBuf<'de> = self.document_buf_internal(bytes)?;
            T::deserialize(document.root())
        }
    }
}
