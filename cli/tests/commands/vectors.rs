//! For data of live peers and for malformed data, the commands agree with the library, whose tests check the results.

use std::path::Path;

use crate::support::run_with;
use execnet::Value;
use execnet::serializer::{LoadOptions, dumps};

/// The values in a table of vectors, with the version byte that `loads` needs.
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
    match LoadOptions::new().load_prefix(input) {
        Ok((value, length)) => {
            // Data behind the value is an error of the command, after the value.
            let status = i32::from(length < input.len());
            let printed = run_with(&["loads"], input, status).out;
            assert_eq!(printed, format!("{value}\n"));
            // Compares with the value that was printed, which lacks the sign of a NaN.
            let read: Value = printed.trim_end().parse().unwrap();
            let dumped = run_with(&["dumps", "-"], printed.as_bytes(), 0).stdout;
            assert_eq!(dumped, dumps(&read).unwrap(), "{printed}");
        }
        Err(error) => drop(run_with(&["loads"], input, 1).tells(&error.to_string())),
    }
}

#[test]
fn data_of_live_peers() {
    let inputs = inputs("vectors.json");
    assert!(inputs.len() > 100, "{} inputs", inputs.len());
    inputs.iter().for_each(|input| check(input));
}

#[test]
fn malformed_data() {
    let inputs = inputs("malformed.json");
    assert!(inputs.len() > 100, "{} inputs", inputs.len());
    inputs.iter().for_each(|input| check(input));
}
