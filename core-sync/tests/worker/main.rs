//! Workers whose functions are written in Rust: which calls they accept, what a call answers, and how serving ends.
//! Tests whose names begin with `main_thread_only`, `threads` or `pool` have the names of behaviours of execnet's own suite.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod call_limits;
mod errors;
mod functions;
mod main_thread_only;
mod pool;
mod requests;
mod shutdown;
mod status;
#[path = "../support/mod.rs"]
mod support;

use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::thread;

use execnet_core_sync::testing::{PIPE_CAPACITY, Script, linked, within};
use execnet_core_sync::worker::Kwargs;
use execnet_core_sync::{Channel, Gateway, GatewayConfig, Grace, Role, ServeError, Worker};
use execnet_serializer::{Dict, DumpOptions};

use crate::support::{Failure, LIMIT};

/// Long enough to be sure that nothing waits for it.
const NEVER: Duration = Duration::from_secs(600);

/// A worker that waited for it would not be done within a test.
const ENDLESS: Grace = Grace::new().with_interrupt(NEVER).with_leave(NEVER);

fn echo(channel: &Channel) -> Result<(), Failure> {
    for item in channel {
        channel.send(&*item?)?;
    }
    Ok(())
}

#[derive(Debug)]
struct Unsaved(std::io::Error);

impl fmt::Display for Unsaved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the result is not saved")
    }
}

impl Error for Unsaved {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

/// A worker that knows what the tests call.
fn worker() -> Worker {
    let mut worker = Worker::new();
    worker
        .register("echo", echo)
        .register("nothing", |_: &Channel| ())
        .register("thread", |channel: &Channel| {
            channel.send(thread::current().name().unwrap_or("unnamed"))
        })
        .register("wait", |channel: &Channel| channel.receive().map(drop))
        .register("panics", |_: &Channel| -> () {
            panic!("part of the test: {}", 42)
        })
        .register("kwargs", |channel: &Channel, kwargs: Kwargs| {
            channel.send(kwargs.into_dict())
        })
        .register("fails", |_: &Channel| -> Result<(), Failure> {
            Err(Box::new(Unsaved(std::io::Error::other("the disk is full"))))
        });
    worker
}

/// Runs a test with a controller's gateway and the thread in which the worker serves it.
fn serving(
    worker: Worker,
    body: impl FnOnce(Gateway, thread::JoinHandle<Result<(), ServeError>>) + Send + 'static,
) {
    within(LIMIT, move || {
        let (near, far) = linked(PIPE_CAPACITY);
        let main = thread::Builder::new().name("main of the worker".to_owned());
        let served = main.spawn(move || worker.serve(far)).unwrap();
        let gateway = Gateway::new(near, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
        body(gateway, served);
    });
}

/// A scripted controller, and the thread that serves it.
fn scripted(
    worker: Worker,
    body: impl FnOnce(Script, thread::JoinHandle<Result<(), ServeError>>) + Send + 'static,
) {
    within(LIMIT, move || {
        let (link, peer) = execnet_core_sync::testing::scripted(PIPE_CAPACITY);
        let served = thread::spawn(move || worker.serve(link));
        body(peer, served);
    });
}

/// What asks for the function of this name.
fn request(name: &str) -> Vec<u8> {
    DumpOptions::wire()
        .dumps(&(name, (), (), Dict::new()))
        .unwrap()
}
