//! A short run of the soak test of `docs/soak.md`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "that is how a test fails")]

use core::time::Duration;
use std::process::Command;

use execnet_test_support::RELEASES;
use execnet_test_support::within;

#[test]
fn all_conversations_end_well() {
    if RELEASES[0].python().is_none() {
        return;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_soak"));
    // Two seconds, in which what the ends have allocated is judged as in an hour; pages only settle later.
    command.args(["0.03", "1"]);
    let output = within("soak", Duration::from_secs(120), move || {
        command.output().unwrap()
    });
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{errors}");
    for line in [
        "our controller and stock worker",
        "stock controller and worker in Rust",
        "every item is accounted for, and no memory grows",
    ] {
        assert!(told.contains(line), "{told}");
    }
}
