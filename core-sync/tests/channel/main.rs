//! Channels of a gateway, mostly toward a scripted peer that keeps to the protocol.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod callbacks;
mod close;
mod content;
mod files;
mod handles;
mod multi;
mod passing;
mod receive;
mod send;
mod strings;
#[path = "../support/mod.rs"]
mod support;
mod typed;

use execnet_serializer::DumpOptions;

fn text(payload: &str) -> Vec<u8> {
    DumpOptions::wire().dumps(payload).unwrap()
}
