//! Properties that hold for any input, each an ordinary function: the fuzz targets call them with
//! what libFuzzer makes up, the tests with stored inputs.
//!
//! A property panics when it does not hold.
#![forbid(unsafe_code)]

#[cfg(unix)]
mod rsync;
mod serializer;

#[cfg(unix)]
pub use rsync::{rsync_receiver, rsync_sender};
pub use serializer::{
    Stock, decode, differential, document_vs_value, json, literal, roundtrip, serde_vs_value,
    stream_vs_value, tokens_vs_value,
};
