//! Gateways that go through a proxy, which is a worker in Python or in Rust.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod acknowledgements;
mod end;
mod start;

use execnet::{Group, GroupOptions, Outcome};
use execnet_test_support::{LONG, quiet, within};

const RUST: &str = concat!(
    "popen//id=a//worker=",
    env!("CARGO_BIN_EXE_own-worker"),
    " --execnet-worker"
);

/// Runs a test with a Python in the middle, and with a worker in Rust.
fn each_middle(test: fn(&Group)) {
    each_middle_with(quiet(), test);
}

fn each_middle_with(options: GroupOptions, test: fn(&Group)) {
    for middle in ["popen//id=a", RUST] {
        let options = options.clone();
        within(middle, LONG, move || {
            println!("{middle}");
            let group = Group::with_options(options);
            group.make_gateway(middle).unwrap();
            test(&group);
            for report in group.terminate_timeout(LONG) {
                assert!(!matches!(report.outcome, Outcome::Survived), "{report:?}");
            }
        });
    }
}
