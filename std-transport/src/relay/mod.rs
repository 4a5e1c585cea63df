//! Gateways that go through other gateways: `via=` and `installvia=`.
//!
//! Two channels of the middle gateway belong to each: one for the bytes of standard input and output, one for orders
//! and events. A Python worker over there knows nothing of this; the program that does it is sent when it is needed. A
//! worker in Rust knows it by itself, if it was [told to](register).

mod carry;
mod events;
mod host;
mod install;
mod launches;
mod sender;
mod state;
mod stream;
mod via;

pub(crate) use install::install;
pub(crate) use via::start;

use execnet_core_sync::Worker;

/// Makes a worker able to stand in the middle: other gateways of its controller's group can go through it (`via=`), and
/// can be installed through it (`installvia=`).
///
/// Each takes a call of the worker for as long as it is there.
pub fn register(worker: &mut Worker) {
    worker
        .register(sender::FUNCTION, carry::carry)
        .register(install::FUNCTION, host::host);
}
