//! Rust types through serde: what each becomes, what is refused and how, and that
//! what is written is read.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::panic)] // In helpers of tests too.

extern crate alloc;

mod borrowed;
#[cfg(feature = "std")]
mod depth;
#[cfg(feature = "literal")]
mod errors;
#[cfg(all(feature = "literal", feature = "std"))]
mod formats;
#[cfg(feature = "alloc")]
mod glob;
#[cfg(all(feature = "literal", feature = "std"))]
mod laws;
#[cfg(feature = "literal")]
#[path = "../model/mod.rs"]
mod model;
#[cfg(feature = "literal")]
mod types;
