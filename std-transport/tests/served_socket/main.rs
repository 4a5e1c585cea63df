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

use execnet::ServerOptions;
use execnet_test_support::Served;

const SECOND: Duration = Duration::from_secs(1);

/// Starts a server with these options.
type Serve = fn(ServerOptions) -> Served;
