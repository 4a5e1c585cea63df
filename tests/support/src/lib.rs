//! What the test programs share: deadlines, processes, interpreters, servers, stock execnet.
//!
//! The tests of `execnet-serializer` and `execnet-core-sync` do not use it: they build without `execnet`, and the latter
//! under loom.
#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod direction;
mod processes;
mod pythons;
mod rust_worker;
mod server;
mod stock;
mod stock_server;
mod waiting;

use std::net::TcpListener;

use execnet::{
    BootstrapError, Channel, Gateway, Group, GroupOptions, MakeGatewayError, ReceiveError, Stderr,
    Value,
};

pub use direction::{Direction, each_direction};
pub use processes::{find, is_running, niceness, signal};
pub use pythons::{Python, each_python, each_python_with, popen, pythons};
pub use rust_worker::{with_worker, with_worker_over};
pub use server::{Served, loopback, private_directory};
pub use stock::{Ours, RELEASES, Release, environment, report, root, xdist_python};
pub use stock_server::StockServer;
pub use waiting::{LONG, amount, eventually, until, within};

/// The next item. If the remote code has failed instead, its traceback is in the panic.
pub fn receive(channel: &Channel) -> Value {
    match channel.receive_timeout(LONG) {
        Ok(item) => item.into_value(),
        Err(ReceiveError::Remote(error)) => panic!("{error}: {}", error.text()),
        Err(error) => panic!("{error}"),
    }
}

/// The next item, an integer: a process id, a count.
pub fn receive_int(channel: &Channel) -> i64 {
    let item = receive(channel);
    item.as_i64().unwrap_or_else(|| panic!("{item:?}"))
}

/// The process id of a Python worker.
pub fn pid(gateway: &Gateway) -> i64 {
    let source = "import os; channel.send(os.getpid())";
    receive_int(&gateway.remote_exec(source).unwrap())
}

/// Options of a group whose workers do not write to the standard error of the test.
#[must_use]
pub fn quiet() -> GroupOptions {
    GroupOptions::new().with_stderr(Stderr::Capture)
}

/// A group with these options.
#[must_use]
pub fn group() -> Group {
    Group::with_options(quiet())
}

/// The error of a gateway that cannot be made.
#[must_use]
pub fn bootstrap_error(group: &Group, spec: &str) -> Box<BootstrapError> {
    match group.make_gateway(spec) {
        Err(MakeGatewayError::Bootstrap(error)) => error,
        other => panic!("{spec}: {other:?}"),
    }
}

/// A port of the loopback address that nobody listens on.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}
