//! Endpoints: sessions without threads of their own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::disallowed_types,
    reason = "the links of these tests, which the crate knows nothing of"
)]

extern crate alloc;

mod control;
mod credit;
mod end;
mod link;
mod poll;
mod serve;
#[path = "../support/mod.rs"]
mod support;
mod threads;

use embedded_io_adapters::std::FromStd;
use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::link::{Link, NoControl};
use execnet_core_sync::testing::{Faults, PIPE_CAPACITY, pipe, within};
use execnet_core_sync::{ReceiveError, Role};

use crate::support::{Failure, LIMIT};

/// An endpoint of this role, and the link of its peer. The endpoint reads with these faults.
fn endpoint(role: Role, faults: Faults) -> (Endpoint, Link) {
    let (to_peer, peer_reads) = pipe(PIPE_CAPACITY);
    let (to_endpoint, endpoint_reads) = pipe(PIPE_CAPACITY);
    let endpoint = Endpoint::new(
        FromStd::new(endpoint_reads.with_faults(faults)),
        FromStd::new(to_peer),
        EndpointConfig::new(role),
    );
    let link = Link::from_std(peer_reads, to_endpoint, alloc::sync::Arc::new(NoControl));
    (endpoint, link)
}

fn functions() -> Functions {
    let mut functions = Functions::new();
    functions
        .register("echo", |channel: &EndpointChannel| -> Result<(), Failure> {
            loop {
                match channel.receive() {
                    Ok(item) => channel.send(&*item)?,
                    Err(ReceiveError::Closed) => return Ok(()),
                    Err(error) => return Err(error.into()),
                }
            }
        })
        .register("next", |channel: &EndpointChannel, n: i64| {
            channel.send_as(&(n + 1))
        })
        .register("sums", |channel: &EndpointChannel| -> Result<(), Failure> {
            let sums = channel.postcard::<u64, Vec<u32>>();
            loop {
                sums.send(&sums.receive()?.into_iter().map(u64::from).sum())?;
            }
        })
        .register("fails", |_: &EndpointChannel| -> Result<(), Failure> {
            Err("it failed".into())
        })
        .register("late", |channel: &EndpointChannel| {
            assert!(channel.receive().is_err());
            channel.send("late")
        })
        .register(
            "forward",
            |channel: &EndpointChannel| -> Result<(), Failure> {
                let item = channel.receive()?;
                let named = item.as_channel().ok_or("no channel")?;
                named.send("to the named one")?;
                Ok(())
            },
        );
    functions
}

/// Runs a test with an endpoint and the script of its peer.
fn scripted(
    role: Role,
    body: impl FnOnce(Endpoint, execnet_core_sync::testing::Script) + Send + 'static,
) {
    within(LIMIT, move || {
        let (reader, writer, peer) = execnet_core_sync::testing::scripted_halves(PIPE_CAPACITY);
        let config = EndpointConfig::new(role);
        body(
            Endpoint::new(FromStd::new(reader), FromStd::new(writer), config),
            peer,
        );
    });
}
