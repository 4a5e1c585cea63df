//! The images of `firmware/` on an emulated board, an LM3S6965 with 64 KiB of RAM, behind the socket of its UART.
//!
//! `scripts/firmware` builds the images, and `EXECNET_FIRMWARE` names another directory of them.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "that is how a test fails"
)]

mod board;
mod frames;
mod hostile;
mod memory;
mod python;
mod resets;
mod worker;

use execnet::serializer::Dict;
use execnet::{Channel, Gateway, Group, Value};
use execnet_test_support::{LONG, receive, within};

use board::Board;

/// Runs a test with a board, if there are an emulator and the image.
fn with_board(name: &'static str, image: &str, body: impl FnOnce(&Board) + Send + 'static) {
    with_options(name, image, &[], body);
}

/// The same with options of the emulator.
fn with_options(
    name: &'static str,
    image: &str,
    options: &[&str],
    body: impl FnOnce(&Board) + Send + 'static,
) {
    match Board::boot(image, options) {
        Ok(board) => within(name, 4 * LONG, move || body(&board)),
        Err(reason) => println!("skipped: devices: {reason}"),
    }
}

fn call(gateway: &Gateway, function: &str, arguments: &[(&str, Value)]) -> Channel {
    let arguments = arguments.iter();
    let arguments: Dict = arguments
        .map(|(name, value)| (Value::from(*name), value.clone()))
        .collect();
    gateway
        .remote_exec_function("", function, &arguments)
        .unwrap()
}

/// A figure of the worker.
fn figure(stats: &Value, name: &str) -> i64 {
    let Value::Dict(stats) = stats else {
        panic!("{stats}")
    };
    stats.get(name).and_then(Value::as_i64).unwrap()
}

fn stats(gateway: &Gateway) -> Value {
    receive(&call(gateway, "stats", &[]))
}

/// The board answers a controller.
fn answers(board: &Board) {
    let group = Group::new();
    let gateway = group.make_gateway(board.spec()).unwrap();
    let channel = gateway.remote_exec("sum").unwrap();
    channel.send(vec![1, 2, 3]).unwrap();
    assert_eq!(receive(&channel), Value::from(6));
    group.terminate_timeout(LONG);
}
