//! Opcodes, read and written one by one, without a heap.
#![allow(clippy::unwrap_used, clippy::panic)] // In helpers of tests too.

mod encode;
mod tokens;
