//! The examples of simple tools.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

use alloc::collections::BTreeSet;
use std::process::Command;

use execnet_test_support::{LONG, root, within};

/// The lines that an example prints.
fn lines(program: &'static str, args: &'static [&str]) -> Vec<String> {
    within(program, LONG, move || {
        let output = Command::new(program).args(args).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    })
}

/// Number of lines in the body of `main`.
fn body(example: &str) -> usize {
    let path = root().join("std-transport/examples").join(example);
    let text = std::fs::read_to_string(path).unwrap();
    let body = text.split("fn main()").nth(1).unwrap();
    let lines = body.lines().skip(1);
    lines.take_while(|line| *line != "}").count()
}

#[test]
fn the_inventory_of_three_hosts_takes_fifteen_lines() {
    let program = env!("CARGO_BIN_EXE_inventory");
    let lines = lines(program, &["popen//id=a", "popen//id=b", "popen//id=c"]);
    let hosts: Vec<_> = lines
        .iter()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(hosts, ["popen//id=a", "popen//id=b", "popen//id=c"]);
    assert!(
        lines.iter().all(|line| line.contains(" runs ")),
        "{lines:?}"
    );
    assert!(body("inventory.rs") <= 15, "{}", body("inventory.rs"));
}

#[test]
fn the_farm_takes_fifteen_lines() {
    let lines: BTreeSet<_> = lines(env!("CARGO_BIN_EXE_farm"), &["3"])
        .into_iter()
        .collect();
    assert_eq!(lines.len(), 20);
    assert!(lines.contains("100! has 158 digits"), "{lines:?}");
    assert!(body("farm.rs") <= 15, "{}", body("farm.rs"));
}
