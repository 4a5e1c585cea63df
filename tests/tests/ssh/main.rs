//! Gateways over ssh, to a real server on this machine.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod failures;
mod gateways;
mod login_shells;
#[cfg(target_os = "linux")]
mod processes;
mod sharing;

use execnet_test_support::{LONG, within};
use execnet_tests::sshd::{self, Sshd};

/// Runs a test against a server of its own, within a deadline.
fn with_sshd(name: &str, test: impl FnOnce(&Sshd) + Send + 'static) {
    within(name, 4 * LONG, || sshd::with_sshd(test));
}
