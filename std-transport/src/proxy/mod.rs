//! Gateways that are reached through another gateway, their proxy: `via=` and `installvia=`.
//!
//! Each uses two channels of the proxy: `data` carries standard input and output, `control` carries kill requests and
//! events. A Python worker gets the program that does this when it is needed. A Rust worker has the functions built in,
//! if it has called [`register`].

mod control;
mod install;
mod launches;
mod proxy_worker;
mod socket_host;
mod state;
mod stream;
mod uplink;
mod via;

pub(crate) use install::install;
pub(crate) use via::start;

use execnet_core_sync::Worker;

/// Lets a worker be a proxy: other gateways of its controller's group can go through it (`via=`) or be installed
/// through it (`installvia=`).
///
/// Each such gateway occupies one call of the worker for as long as it exists.
pub fn register(worker: &mut Worker) {
    worker
        .register(uplink::FUNCTION, proxy_worker::serve)
        .register(install::FUNCTION, socket_host::serve);
}
