//! File descriptors of gateways: how many each needs, and that all are closed.
//!
//! `EXECNET_LONG=1 cargo test --release -p execnet-tests --test descriptors` makes 300 gateways under a limit of 1,024
//! descriptors, and 10,000 one after the other under a limit of 128.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::env;
use std::process::Command;

use execnet_test_support::{LONG, within};

/// What the program has before it makes gateways, and what one that is being made takes for a moment.
const OTHERS: usize = 24;

/// Runs the program under a limit, and returns the highest number of descriptors that it had.
fn churn(mode: &'static str, number: usize, limit: usize, time: Duration) -> usize {
    within(mode, time, move || {
        let script = format!("ulimit -n {limit}; exec \"$0\" {mode} {number}");
        let program = env!("CARGO_BIN_EXE_churn");
        let output = Command::new("sh").args(["-c", &script, program]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        let highest = String::from_utf8(output.stdout).unwrap();
        println!("{mode} {number}, at most {limit}: {}", highest.trim());
        highest.trim().parse().unwrap()
    })
}

#[test]
fn a_gateway_has_three_descriptors() {
    let (number, limit) = match env::var_os("EXECNET_LONG") {
        Some(_) => (300, 1024),
        None => (24, 3 * 24 + OTHERS),
    };
    let highest = churn("together", number, limit, 10 * LONG);
    assert!(highest <= 3 * number + OTHERS, "{highest} of {number}");
}

#[test]
fn gateways_that_were_exited_have_no_descriptors() {
    let number = match env::var_os("EXECNET_LONG") {
        Some(_) => 10_000,
        None => 70,
    };
    let highest = churn("turns", number, 128, 40 * LONG);
    assert!(highest <= 3 + OTHERS, "{highest} after {number}");
}
