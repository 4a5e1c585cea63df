//! Malformed and unusual input: how this crate judges it, and the stock reader of
//! Python.
#![cfg(feature = "literal")]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

mod kinds;
mod limits;
mod offsets;
mod stock;
#[path = "../common/vectors.rs"]
mod vectors;

use execnet_serializer::{Limits, LoadError, LoadOptions, StrConfig, Tokens, Value};
use serde_json::Value as Json;

fn input(entry: &Json) -> Vec<u8> {
    if let Some(hex) = entry["hex"].as_str() {
        return vectors::bytes(hex);
    }
    assert_eq!(entry["name"], "odd/tuple_nested_500000_as_dict_key");
    let levels = b"\x40\0\0\0\x01".repeat(500_000);
    [&b"\x4a\x40\0\0\0\0"[..], &levels, b"\x4c\x50\x51"].concat()
}

/// Why an input is refused.
fn reason_of(input: &[u8]) -> String {
    let message = LoadOptions::wire().loads(input).unwrap_err().to_string();
    let (_, reason) = message.split_once(": ").unwrap();
    reason.into()
}
