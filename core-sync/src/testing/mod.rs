//! In-memory links, for tests of this crate and of crates that use it.
//!
//! ```
//! use execnet_core_sync::frame::MessageCode;
//! use execnet_core_sync::{Gateway, GatewayConfig, Role, testing};
//!
//! let (link, mut peer) = testing::scripted(testing::PIPE_CAPACITY);
//! let gateway = Gateway::new(link, GatewayConfig::new("gw0", Role::Initiator))?;
//! let channel = gateway.new_channel()?;
//! channel.send(7)?;
//! let frame = peer.expect()?;
//! assert_eq!((frame.code, frame.channel), (MessageCode::ChannelData, channel.id()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod pipe;
mod script;
mod watchdog;

pub use pipe::{Faults, PipeReader, PipeWriter, Valve, pipe};
pub use script::Script;
pub use watchdog::{give_way, within};

use alloc::sync::Arc;

use std::io;

use crate::api::Channel;
use crate::api::Gateway;
use crate::link::{Link, NoControl, PeerControl};

/// Capacity of a pipe of Linux, in bytes.
pub const PIPE_CAPACITY: usize = 64 * 1024;

/// Two links that are connected with each other, for one gateway each. Each direction holds `capacity` bytes.
#[must_use]
pub fn linked(capacity: usize) -> (Link, Link) {
    let (to_far, far_reads) = pipe(capacity);
    let (to_near, near_reads) = pipe(capacity);
    let link = |reader, writer| link_over(reader, writer, Arc::new(NoControl));
    (link(near_reads, to_far), link(far_reads, to_near))
}

/// Makes a channel between two linked gateways, as a call of a function at `far` would make it. Returns both ends.
///
/// # Errors
///
/// A gateway has ended, or the id is in use at the other end.
pub fn channel_between(near: &Gateway, far: &Gateway) -> io::Result<(Channel, Channel)> {
    let channel = near.new_channel().map_err(io::Error::other)?;
    let other = far.accept(channel.id());
    let other = other.map_err(|refused| io::Error::other(refused.text()))?;
    Ok((channel, other))
}

/// Makes the system refuse to start further threads of this gateway, or allows it again.
pub fn refuse_threads(gateway: &Gateway, refuses: bool) {
    let refused = &gateway.shared().no_threads;
    refused.store(refuses, core::sync::atomic::Ordering::Relaxed);
}

/// A link, and a scripted peer. Each direction holds `capacity` bytes.
#[must_use]
pub fn scripted(capacity: usize) -> (Link, Script) {
    scripted_with(capacity, Faults::default(), Arc::new(NoControl))
}

/// As [`scripted`], with faults on the reading side of the link, and with this control.
#[must_use]
pub fn scripted_with(
    capacity: usize,
    faults: Faults,
    control: Arc<dyn PeerControl>,
) -> (Link, Script) {
    let (reader, writer, peer) = scripted_halves(capacity);
    let link = link_over(reader.with_faults(faults), writer, control);
    (link, peer)
}

/// A link that receivers can poll.
fn link_over(reader: PipeReader, writer: PipeWriter, control: Arc<dyn PeerControl>) -> Link {
    let poll_reader = Arc::new(reader.valve());
    Link::from_std(reader, writer, control).with_poll_reader(poll_reader)
}

/// The two halves of a link, and a scripted peer.
#[must_use]
pub fn scripted_halves(capacity: usize) -> (PipeReader, PipeWriter, Script) {
    let (to_gateway, gateway_reads) = pipe(capacity);
    let (to_peer, peer_reads) = pipe(capacity);
    let script = Script::new(peer_reads, to_gateway);
    (gateway_reads, to_peer, script)
}
