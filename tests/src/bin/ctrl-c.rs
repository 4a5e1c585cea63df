//! A program that is interrupted while its worker runs code: prints the worker's process id, and the result.
//!
//! With the argument `passed-on` it passes an interrupt on to its workers and continues. With `asks` its worker reads
//! from the terminal instead.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how this program is to end"
)]

extern crate alloc;

use alloc::sync::Arc;
use core::time::Duration;
use std::{env, thread};

use execnet::{Grace, Group, GroupOptions, ReceiveError};
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

const WAITING: &str = "
    import os, time
    channel.send(os.getpid())
    # In steps: an interrupt just before a wait in the system begins does not end it.
    while True:
        time.sleep(0.01)
";

const ASKING: &str = "
    import os
    channel.send(os.getpid())
    open('/dev/tty').readline()
";

fn main() {
    let argument = env::args().nth(1);
    let options =
        GroupOptions::new().with_grace(Grace::new().with_interrupt(Duration::from_millis(100)));
    let group = Arc::new(Group::with_options(options));
    let gateway = group.make_gateway("popen").unwrap();
    let code = match argument.as_deref() {
        Some("asks") => ASKING,
        _ => WAITING,
    };
    let channel = gateway.remote_exec(code).unwrap();
    if argument.as_deref() == Some("passed-on") {
        pass_on(Arc::clone(&group));
    }
    println!("{}", channel.receive().unwrap().into_value());
    match channel.receive() {
        Err(ReceiveError::Remote(error)) => println!("{error}"),
        other => panic!("{other:?}"),
    }
    let next = gateway.remote_exec("channel.send('goes on')").unwrap();
    println!("{}", next.receive().unwrap().into_value());
    group.terminate();
}

fn pass_on(group: Arc<Group>) {
    let mut signals = Signals::new([SIGINT]).unwrap();
    thread::spawn(move || {
        for _ in signals.forever() {
            group.interrupt();
        }
    });
}
