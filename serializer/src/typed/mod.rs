//! Reading and writing Rust types with serde.
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
//! `dumps` does, and `from_slice` expects it. The methods of these names of
//! [`DumpOptions`] and [`LoadOptions`](crate::LoadOptions) also write and read
//! payloads of frames, without it: `DumpOptions::wire().to_vec(value)` and
//! `LoadOptions::wire().from_slice(bytes)`. [`Serde`] makes a type a [`Dump`], and
//! without an allocator [`Node::deserialize`](crate::Node::deserialize) reads from
//! a [`Document`](crate::Document).
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
mod odd_key;
#[cfg(feature = "alloc")]
mod one_pass;
mod output;
#[cfg(feature = "alloc")]
mod owned;
mod printed;
mod ser;
mod special;
#[cfg(feature = "alloc")]
mod value;
mod wrapped;

use embedded_io::Write;
use serde_core::ser::Serialize;

pub use crate::error::TypedError as Error;
use output::Output;
use ser::Serializer;
pub use special::{AsFrozenSet, AsSet, frozenset, set};

use crate::{Dump, DumpOptions, EncodeError, Encoder, IntoWriter, StreamError};
#[cfg(feature = "alloc")]
pub use owned::{from_slice, from_value, to_value, to_vec};

/// Selects the readable form of types that have two: Python programs expect an
/// address as text.
const HUMAN_READABLE: bool = true;

/// Implements [`Dump`] for any type that implements `Serialize`, so that it can
/// be sent as a value.
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
            (Err(_), Some(error)) => Err(EncodeError::Io(error)),
            (Err(error), None) => Err(EncodeError::Value(error.into())),
        }
    }
}

/// Writes a value into a writer, with the version byte in front:
/// [`DumpOptions::to_writer`] with [`DumpOptions::new`].
///
/// # Errors
/// As [`DumpOptions::to_writer`].
pub fn to_writer<W: IntoWriter, T: Serialize + ?Sized>(
    writer: W,
    value: &T,
) -> Result<(), StreamError<Error, W::Error>> {
    DumpOptions::new().to_writer(writer, value)
}

impl DumpOptions {
    /// Writes a value into a writer, without building the whole first.
    ///
    /// # Errors
    /// When the value cannot be represented in the format, or the writer fails.
    /// What was already written stays written.
    pub fn to_writer<W: IntoWriter, T: Serialize + ?Sized>(
        &self,
        writer: W,
        value: &T,
    ) -> Result<(), StreamError<Error, W::Error>> {
        self.dump(writer, &Serde(value))
            .map_err(|error| match error {
                EncodeError::Value(error) => StreamError::Value(error.into()),
                EncodeError::Io(error) => StreamError::Io(error),
            })
    }
}
