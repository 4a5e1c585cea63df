//! The end of a program ends the workers of its default group.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use std::process::Command;
use std::time::Instant;

use execnet_test_support::{LONG, is_running, within};

/// The worker has fifteen seconds of grace, and would use them.
#[test]
fn the_default_group_ends_with_the_program() {
    for (how, status) in [("return", 0), ("exit", 3), ("panic", 101)] {
        within(how, LONG, move || {
            let began = Instant::now();
            let output = Command::new(env!("CARGO_BIN_EXE_at-exit"))
                .arg(how)
                .output();
            let output = output.unwrap();
            println!("{how}: {:?}", began.elapsed());
            assert_eq!(output.status.code(), Some(status), "{output:?}");
            let pid = String::from_utf8(output.stdout).unwrap();
            assert!(!is_running(pid.trim().parse().unwrap()), "{how}");
        });
    }
}
