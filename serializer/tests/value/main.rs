//! Values in memory: access, keys, equality, order and hash.
#![cfg(feature = "alloc")]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

extern crate alloc;

#[cfg(feature = "literal")]
mod accessors;
#[cfg(feature = "std")]
mod comparison;
mod convert;
mod keys;
#[cfg(feature = "literal")]
mod macros;
