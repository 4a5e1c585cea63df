//! The behaviours that execnet's own test suite checks of channels and gateways, on a live worker. Each test has the
//! name of its counterpart there; those that execnet runs for every gateway run here with both execution models.
//!
//! `docs/behaviours.md` lists all of them, with the place of those whose test is elsewhere, and the reason for each
//! that has no test.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod callbacks;
mod channel;
mod file;
mod gateway;
mod main_thread_only;
mod multichannel;
mod remote_exec;
mod status;
mod strings;
mod threads;

use core::time::Duration;
use std::thread;

use execnet::{Gateway, Group, ReceiveError, RemoteError, WaitCloseError};
use execnet_test_support::{LONG, find, quiet, within};

/// Runs `test` on a fresh gateway of each model of execution, and on PyPy if it is installed.
fn gw(test: fn(&Gateway)) {
    thread::scope(|scope| {
        scope.spawn(|| gw_counting(test));
        match find("pypy3") {
            Some(_) => drop(scope.spawn(|| on("popen//python=pypy3", test))),
            None => println!(
                "skipped: behaviours on PyPy: no pypy3 is installed (from: Debian's package pypy3)"
            ),
        }
    });
}

/// The same for a behaviour that needs an interpreter which counts references: PyPy drops a channel at some later time.
fn gw_counting(test: fn(&Gateway)) {
    thread::scope(|scope| {
        scope.spawn(|| on("popen", test));
        scope.spawn(|| on("popen//execmodel=main_thread_only", test));
    });
}

/// Runs `test` on a fresh gateway.
fn on(spec: &'static str, test: fn(&Gateway)) {
    on_within(LONG, spec, test);
}

/// The same, where more time is needed.
fn on_within(limit: Duration, spec: &'static str, test: impl FnOnce(&Gateway) + Send + 'static) {
    within(spec, limit, move || {
        let group = Group::with_options(quiet());
        let gateway = group.make_gateway(spec).unwrap();
        test(&gateway);
        // All threads of a gateway end with it.
        group.terminate_timeout(Duration::from_secs(5));
        assert!(gateway.join_timeout(LONG), "threads are left");
    });
}

fn remote_error<T: core::fmt::Debug>(received: Result<T, ReceiveError>) -> RemoteError {
    match received {
        Err(ReceiveError::Remote(error)) => error,
        other => panic!("no remote error: {other:?}"),
    }
}

fn close_error(closed: Result<(), WaitCloseError>) -> RemoteError {
    match closed {
        Err(WaitCloseError::Remote(error)) => error,
        other => panic!("no remote error: {other:?}"),
    }
}
