//! The socket server, and gateways to it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod access;
mod connections;
mod end;

use core::time::Duration;

use execnet::{Gateway, ServerOptions};
use execnet_test_support::{Served, receive};

const SECOND: Duration = Duration::from_secs(1);

/// Starts a server with these options.
type Serve = fn(ServerOptions) -> Served;

fn pid(gateway: &Gateway) -> i64 {
    let channel = gateway.remote_exec("import os; channel.send(os.getpid())");
    receive(&channel.unwrap()).as_i64().unwrap()
}
