//! Reads and writes the data format of Python's
//! [execnet](https://execnet.readthedocs.io): the values that it sends between
//! interpreters and stores with `dumps`.
//!
//! The crate is `no_std` and works without an allocator. It does not know
//! gateways: a channel inside a value is a number.
//!
//! | feature | adds |
//! |---|---|
//! | none | [`Tokens`], the opcodes of a value, borrowed; [`Document`], a whole value, borrowed; [`Encoder`], [`Dump`] and [`dump`], into any [`embedded_io::Write`], slice or [`heapless::Vec`] |
//! | `alloc` | [`Value`], [`loads`] and [`dumps`]; [`load`] and [`Stream`] on readers; [`DocumentBuf`], a document of any size |
//! | `literal` (default) | Python's notation of values, as `Display` and `FromStr` |
//! | `json` (default) | [`json`], values into and out of `serde_json`'s |
//! | `serde` | [`mod@typed`]: any Rust type that serde knows, as `to_vec` and `from_slice` |
//! | `num-bigint` | `BigInt` and `BigUint` into [`Int`], [`Value`] and the format, and back |
//! | `num-complex` | `Complex64` and `Complex32` into [`Complex`], [`Value`] and the format, and back |
//! | `std` (default) | readers and writers of `std::io` wherever this crate takes one; see [`IntoReader`] |
//!
//! ```
//! use execnet_serializer::{dumps, loads, Value};
//!
//! let bytes = dumps(&("answer", 42))?;
//! assert_eq!(loads(&bytes)?, Value::from(("answer", 42)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// The examples of the README.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod decimal;
mod document;
#[macro_use]
mod dump;
mod encode;
mod error;
#[cfg(any(feature = "json", feature = "serde"))]
mod excerpt;
mod io;
#[cfg(feature = "json")]
pub mod json;
mod limits;
#[cfg(feature = "literal")]
mod literal;
#[cfg(feature = "alloc")]
mod load;
mod machine;
#[cfg(feature = "alloc")]
mod memory;
#[cfg(any(feature = "num-bigint", feature = "num-complex"))]
mod num;
mod opcode;
mod options;
#[cfg(feature = "alloc")]
mod read_buffer;
mod reader;
mod scalar;
#[cfg(feature = "alloc")]
mod stream;
mod token;
#[cfg(feature = "serde")]
pub mod typed;
mod types;
mod utf8;
#[cfg(feature = "alloc")]
mod value;
mod write;

pub use decimal::Decimal;
#[cfg(feature = "alloc")]
pub use document::DocumentBuf;
pub use document::{Document, Items, Node, NodeKind, Pairs};
pub use dump::{Bytes, Dump};
pub use encode::{Encoder, FORMAT_VERSION};
#[cfg(feature = "alloc")]
pub use error::ReadError;
pub use error::{DumpError, EncodeError, LoadError, StreamError};
pub use io::{Embedded, IntoReader, IntoWriter};
pub use limits::{Limits, StrConfig};
#[cfg(feature = "literal")]
pub use literal::ParseLiteralError;
#[cfg(feature = "alloc")]
pub use load::loads;
pub use opcode::Opcode;
pub use options::{DumpOptions, LoadOptions};
#[cfg(all(feature = "serde", feature = "alloc"))]
pub use stream::from_reader;
#[cfg(feature = "alloc")]
pub use stream::{Stream, load};
pub use token::{Token, Tokens};
#[cfg(feature = "serde")]
pub use typed::to_writer;
#[cfg(all(feature = "serde", feature = "alloc"))]
pub use typed::{from_slice, from_value, to_value, to_vec};
pub use types::{ChannelId, Complex};
#[cfg(feature = "alloc")]
pub use value::{
    Dict, DictEntry, Int, LookupKey, ParseIntError, Set, Str, TryFromIntError, TryFromValueError,
    Value, ValueIndex,
};
#[cfg(feature = "alloc")]
pub use write::dumps;
pub use write::{dump, dump_to_heapless, dump_to_slice};
// Crates with types in the public API.
#[cfg(feature = "std")]
pub use embedded_io_adapters::std::FromStd;
pub use {embedded_io, heapless};

/// For execnet-core-sync.
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub use memory::{FALLIBLE, has_block};
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub use read_buffer::{Filled, ReadBuffer, read_some};

/// Called by the macros of this crate. They are functions because not every
/// edition has these traits in scope, nor does a crate without a prelude.
#[cfg(feature = "alloc")]
#[doc(hidden)]
pub mod __private {
    use crate::Value;

    pub fn value(value: impl Into<Value>) -> Value {
        value.into()
    }

    pub fn collect<T, C: FromIterator<T>, const N: usize>(items: [T; N]) -> C {
        items.into_iter().collect()
    }
}
