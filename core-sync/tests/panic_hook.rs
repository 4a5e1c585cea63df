//! No gateway and no worker sets the panic hook of the process. A program of its own, because the test sets it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and so does what is called"
)]

extern crate alloc;

mod support;

use std::panic;
use std::thread;

use execnet_core_sync::testing::{PIPE_CAPACITY, linked, within};
use execnet_core_sync::{Channel, Gateway, GatewayConfig, ReceiveError, Role, Worker};

use support::{LIMIT, SOON};

fn error_of_a_panic() -> String {
    let (near, far) = linked(PIPE_CAPACITY);
    let mut worker = Worker::new();
    worker.register("panics", |_: &Channel| -> () { panic!("on purpose") });
    let served = thread::spawn(move || worker.serve(far));
    let gateway = Gateway::new(near, GatewayConfig::new("gw0", Role::Initiator)).unwrap();
    let channel = gateway.remote_exec("panics").unwrap();
    let Err(ReceiveError::Remote(error)) = channel.receive_timeout(SOON) else {
        panic!("no error of the call");
    };
    gateway.exit();
    served.join().unwrap().unwrap();
    error.text().to_owned()
}

#[test]
fn the_error_of_a_panic_is_the_same_whatever_hook_the_program_sets() {
    within(LIMIT, || {
        let before = error_of_a_panic();
        panic::set_hook(Box::new(|_| ()));
        let after = error_of_a_panic();
        drop(panic::take_hook());
        assert_eq!(before, after);
    });
}
