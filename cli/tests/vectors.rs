//! The bytes that live peers wrote, and the malformed ones, have the same outcome through the
//! command as through the library, whose own tests say which it is.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use execnet::Value;
use execnet::serializer::{dumps, loads};
use support::run_with;

/// The inputs of `loads` in a table of vectors: values of its version, whatever they were.
fn inputs(table: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../serializer/tests/vectors");
    let table = std::fs::read(path.join(table)).unwrap();
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&table).unwrap();
    entries
        .iter()
        .filter(|entry| entry["kind"] != "frame")
        .filter_map(|entry| entry["hex"].as_str())
        .map(|hex| [&[2], bytes(hex).as_slice()].concat())
        .collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn check(input: &[u8]) {
    match loads(input) {
        Ok(value) => {
            let printed = run_with(&["loads"], input, 0).out;
            assert_eq!(printed, format!("{value}\n"));
            // Not the value itself: of a NaN the sign is not printed.
            let read: Value = printed.trim_end().parse().unwrap();
            let dumped = run_with(&["dumps", "-"], printed.as_bytes(), 0).stdout;
            assert_eq!(dumped, dumps(&read).unwrap(), "{printed}");
        }
        Err(error) => drop(run_with(&["loads"], input, 1).tells(&error.to_string())),
    }
}

#[test]
fn what_peers_wrote() {
    let inputs = inputs("vectors.json");
    assert!(inputs.len() > 100, "{} inputs", inputs.len());
    inputs.iter().for_each(|input| check(input));
}

#[test]
fn what_is_malformed() {
    let inputs = inputs("malformed.json");
    assert!(inputs.len() > 100, "{} inputs", inputs.len());
    inputs.iter().for_each(|input| check(input));
}
