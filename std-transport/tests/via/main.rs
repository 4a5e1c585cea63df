//! Gateways that go through other gateways.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod carrying;
mod failures;

use core::time::Duration;

use execnet::{Grace, Group};
use execnet_test_support::{LONG, quiet};

const SECOND: Duration = Duration::from_secs(1);

fn group() -> Group {
    let options = quiet()
        // A worker that exits late on a busy machine must still exit by itself.
        .with_grace(Grace::new().with_interrupt(LONG).with_leave(LONG));
    Group::with_options(options)
}
