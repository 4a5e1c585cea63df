//! Remote code on each installed Python: its environment, channels, values and errors.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod channels;
mod code;
mod files;
mod lazy_parts;
mod threads;
mod tracebacks;
mod values;

use execnet::{Channel, Gateway, ReceiveError};
use execnet_test_support::LONG;

const ECHO: &str = "for item in channel: channel.send(item)";

fn remote_text(error: &ReceiveError) -> &str {
    match error {
        ReceiveError::Remote(error) => error.text(),
        _ => "",
    }
}

fn failure(channel: &Channel) -> String {
    let error = channel.receive_timeout(LONG).unwrap_err();
    assert!(matches!(error, ReceiveError::Remote(_)), "{error:?}");
    remote_text(&error).to_owned()
}

fn run(gateway: &Gateway, source: &str) -> Channel {
    gateway.remote_exec(source).unwrap()
}
