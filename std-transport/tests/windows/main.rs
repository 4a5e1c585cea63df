//! What is different on Windows: processes and their jobs, pipes, sockets, names. `scripts/test windows` runs this under
//! wine, and `scripts/windows-report.ps1` on a real Windows.
//!
//! `EXECNET_WINDOWS_PYTHON` names the interpreter; without it, it is the one that `popen` finds.
#![cfg(windows)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

mod data;
mod ends;
mod many;
mod refused;
mod sockets;
mod system;
mod via;

use std::env;

use execnet::{Channel, Group, Worker};

/// The spec of a Python worker.
fn python() -> String {
    match env::var("EXECNET_WINDOWS_PYTHON") {
        Ok(path) => format!("popen//python='{path}'"),
        Err(_) => "popen".to_owned(),
    }
}

/// Set in the processes of [`serves`].
const SERVES: &str = "EXECNET_TEST_SERVES";

/// The spec of a worker in Rust: this program.
fn rust_worker() -> String {
    let program = env::current_exe().unwrap();
    let arguments = "--exact serves --nocapture";
    format!(
        "popen//worker='{}' {arguments}//env:{SERVES}=1",
        program.display()
    )
}

/// Not a test but the worker of tests, in processes of its own. What the harness prints first is no answer.
#[test]
fn serves() {
    if env::var_os(SERVES).is_none() {
        return;
    }
    let mut worker = Worker::new();
    execnet::proxy::register(&mut worker);
    worker.register("double", |channel: &Channel, n: i64| channel.send(n * 2));
    execnet::serve_stdio(worker).unwrap();
}

fn double(group: &Group, spec: &str) {
    let gateway = group.make_gateway(spec).unwrap();
    let kwargs = execnet::serializer::Dict::from([("n", 21)]);
    let channel = gateway.remote_exec_function("", "double", &kwargs).unwrap();
    assert_eq!(execnet_test_support::receive_int(&channel), 42);
}
