//! Gateways toward a scripted peer, or toward another gateway in the same process.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod calls;
mod disconnect;
mod exit;
mod hostile_peer;
mod limits;
mod post_mortem;
mod read_handoff;
mod status;
#[path = "../support/mod.rs"]
mod support;

use execnet_core_sync::{Disconnected, ReceiveError};

fn lost(error: ReceiveError) -> Disconnected {
    match error {
        ReceiveError::Disconnected(lost) => lost,
        other => panic!("{other:?}"),
    }
}
