//! Properties that hold for any input, each an ordinary function: the fuzz targets call them with
//! what libFuzzer makes up, the tests with stored inputs.
//!
//! A property panics when it does not hold.
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(unix)]
mod rsync;
mod serializer;
mod session;

#[path = "../../core-sync/tests/model/mod.rs"]
mod model;

#[cfg(unix)]
pub use rsync::{rsync_receiver, rsync_sender};
pub use serializer::{
    Stock, decode, differential, document_vs_value, json, literal, roundtrip, serde_vs_value,
    stream_vs_value, tokens_vs_value,
};
pub use session::{frames, session};
