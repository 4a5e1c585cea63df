//! Helpers that the failure modes share.

use core::time::Duration;
use std::fs;
use std::path::Path;
use std::thread;

use execnet::{BootstrapError, Channel, Group, MakeGatewayError, ReceiveError, WorkerExit};
use execnet_test_support::{LONG, is_running, quiet, receive, signal, until};

use crate::SOON;

pub(crate) fn start_fails(spec: &str, timeout: Duration) -> Box<BootstrapError> {
    let options = quiet();
    let timeout = timeout.min(options.bootstrap_timeout());
    let options = options.with_bootstrap_timeout(timeout);
    match Group::with_options(options).make_gateway(spec) {
        Err(MakeGatewayError::Bootstrap(error)) => error,
        other => panic!("{spec}: {other:?}"),
    }
}

pub(crate) fn failure(channel: &Channel) -> ReceiveError {
    loop {
        if let Err(error) = channel.receive_timeout(SOON) {
            return error;
        }
    }
}

pub(crate) fn names_sigkill(error: &ReceiveError) -> bool {
    let ReceiveError::Disconnected(lost) = error else {
        return false;
    };
    let exit = lost
        .cause()
        .and_then(|cause| cause.downcast_ref::<WorkerExit>());
    exit.is_some_and(|exit| exit.exit().is_some_and(|exit| exit.signal() == Some(9)))
}

pub(crate) fn killed(spec: &str, then: &str) {
    let group = Group::with_options(quiet());
    let gateway = group.make_gateway(spec).unwrap();
    let source = format!("import os\nchannel.send(os.getpid())\n{then}");
    let channel = gateway.remote_exec(&source).unwrap();
    let pid = receive(&channel).as_i64().unwrap();
    signal("KILL", pid);
    let error = failure(&channel);
    assert!(names_sigkill(&error), "{error:?}");
    assert!(!is_running(pid));
}

/// A spec for a program that says this in the place of a worker.
pub(crate) fn impostor(says: &str) -> String {
    format!("popen//worker={} {says}", env!("CARGO_BIN_EXE_impostor"))
}

/// Runs `make_gateway` in a thread, and `fault` as soon as it may; returns why there is no gateway.
pub(crate) fn start_fails_while(
    group: &Group,
    spec: &str,
    fault: impl FnOnce(),
) -> Box<BootstrapError> {
    thread::scope(|scope| {
        let making = scope.spawn(|| group.make_gateway(spec));
        fault();
        match making.join().unwrap() {
            Err(MakeGatewayError::Bootstrap(error)) => error,
            other => panic!("{spec}: {other:?}"),
        }
    })
}

/// A group whose gateways have so long to start.
pub(crate) fn group_with(timeout: Duration) -> Group {
    let options = quiet()
        .with_bootstrap_timeout(timeout)
        .with_share_ssh(false);
    Group::with_options(options)
}

/// The process id in a file, once it is there.
pub(crate) fn pid_in(file: &Path) -> i64 {
    until("the process writes its id", LONG, || {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.trim().parse().ok()
    })
}
