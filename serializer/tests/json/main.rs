//! Values as JSON and back.

#![cfg(feature = "json")]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

#[path = "../common/mod.rs"]
mod common;
mod laws;
#[cfg(feature = "literal")]
mod table;
