//! Calls of Python functions, pools of workers, and remote commands.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "that is how a test fails"
)]

extern crate alloc;

mod call;
mod command;
mod pool;

use execnet::Group;
use execnet_test_support::{group, pythons};

/// The spec of one installed interpreter, for tests that do not depend on its version.
fn popen() -> String {
    let newest = pythons().iter().rfind(|python| python.version != "PyPy");
    newest.unwrap().spec()
}

/// A group of this many workers.
fn workers(count: usize) -> Group {
    let group = group();
    for gateway in group.make_gateways(vec![popen(); count]) {
        gateway.unwrap();
    }
    group
}
