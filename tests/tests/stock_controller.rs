//! Stock execnet's controllers and a worker in Rust: the cases of `tests/stock/`, which are Python.
//!
//! Each release of execnet runs them by itself, with `tests/stock/run.py`; see the table in `docs/compatibility.md`.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

use core::time::Duration;
use std::process::{Command, Output, Stdio};
use std::thread;

use execnet::{Listen, Server, ServerOptions};
use execnet_test_support::within;
use execnet_test_support::{Ours, RELEASES, Release, report, root};
use execnet_tests::sshd::Sshd;

/// All cases together; they take 2 s each on a quiet machine.
const DEADLINE: Duration = Duration::from_secs(120);

fn cases(release: Release) {
    let Some(python) = release.python() else {
        return;
    };
    let mut command = Command::new(python);
    command
        .arg(root().join("tests/stock/run.py"))
        .arg(env!("CARGO_BIN_EXE_test-worker"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null());
    let sshd = Sshd::start();
    match &sshd {
        Ok(sshd) => command.env("EXECNET_TEST_SSH", sshd.spec("box")),
        Err(reason) => command.env("EXECNET_TEST_NO_SSH", reason),
    };
    let output = with_socket_server(command);
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "execnet {release}: {told}\n{errors}"
    );
    for line in told.lines() {
        let shown = line.strip_prefix("ok ");
        match shown.and_then(|shown| shown.split_once(": ")) {
            Some((test, behaviour)) => report(behaviour, Ours::Worker, release, test),
            None => println!("{line} (execnet {release})"),
        }
    }
}

/// Runs it beside a server that speaks execnet's own socket protocol.
fn with_socket_server(mut command: Command) -> Output {
    let listen = Listen::InsecureStock {
        address: "127.0.0.1:0".parse().unwrap(),
        beyond_loopback: false,
    };
    let server = Server::bind(listen, ServerOptions::new()).unwrap();
    let stop = server.stop_handle();
    command.env("EXECNET_TEST_SOCKET", server.spec());
    thread::scope(|scope| {
        let running = scope.spawn(|| server.run());
        let output = within("all cases", DEADLINE, move || command.output().unwrap());
        stop.stop();
        running.join().unwrap().unwrap();
        output
    })
}

#[test]
fn execnet_2_1_2() {
    cases(RELEASES[0]);
}

#[test]
fn execnet_2_1_1() {
    cases(RELEASES[1]);
}

#[test]
fn execnet_2_0_2() {
    cases(RELEASES[2]);
}

#[test]
fn execnet_1_9_0() {
    cases(RELEASES[3]);
}

#[test]
fn execnet_1_9_0_on_python_2() {
    cases(RELEASES[4]);
}
