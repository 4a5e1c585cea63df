//! Links in memory, for tests: of this crate, and of what stands on it.
//!
//! ```
//! use execnet_core_sync::frame::MessageCode;
//! use execnet_core_sync::{Gateway, GatewayConfig, Role, testing};
//!
//! let (link, mut peer) = testing::scripted(testing::PIPE_CAPACITY);
//! let gateway = Gateway::new(link, GatewayConfig::new("gw0", Role::Initiator))?;
//! let channel = gateway.newchannel()?;
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
pub use watchdog::within;

use alloc::sync::Arc;

use crate::link::{Control, Link, NoControl};

/// As much as a pipe of Linux holds, in bytes.
pub const PIPE_CAPACITY: usize = 64 * 1024;

/// A link, and a script that plays its peer. Each direction holds `capacity` bytes.
#[must_use]
pub fn scripted(capacity: usize) -> (Link, Script) {
    scripted_with(capacity, Faults::default(), Arc::new(NoControl))
}

/// The two ends of a link, for a gateway each. Each direction holds `capacity` bytes.
#[must_use]
pub fn linked(capacity: usize) -> (Link, Link) {
    let (to_left, left_reads) = pipe(capacity);
    let (to_right, right_reads) = pipe(capacity);
    let left = Link::from_std(left_reads, to_right, Arc::new(NoControl));
    let right = Link::from_std(right_reads, to_left, Arc::new(NoControl));
    (left, right)
}

/// As [`scripted`], with faults on what the gateway reads, and with the transport's part played by `control`.
#[must_use]
pub fn scripted_with(capacity: usize, faults: Faults, control: Arc<dyn Control>) -> (Link, Script) {
    let (to_gateway, gateway_reads) = pipe(capacity);
    let (to_peer, peer_reads) = pipe(capacity);
    let link = Link::from_std(gateway_reads.with_faults(faults), to_peer, control);
    (link, Script::new(peer_reads, to_gateway))
}
