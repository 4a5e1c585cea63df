//! Python's notation of values: printed, read, and refused.

#![cfg(feature = "literal")]
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)] // A test says so by a panic.

#[path = "../common/mod.rs"]
mod common;
mod errors;
mod laws;
mod printing;
#[cfg(feature = "std")]
mod python;
mod reading;

use execnet_serializer::{
    Bytes, ChannelId, Complex, Dict, Int, Limits, ParseLiteralError, Set, Value, dumps,
};

fn parse(text: &str) -> Value {
    text.parse()
        .unwrap_or_else(|error: ParseLiteralError| panic!("{text}: {error}"))
}

fn error(text: &str) -> (usize, String) {
    let error = text.parse::<Value>().expect_err(text);
    let message = error.to_string();
    let (_, message) = message.split_once(": ").expect("offset in front");
    (error.offset(), message.into())
}

fn complex(re: f64, im: f64) -> Value {
    Value::Complex(Complex { re, im })
}
