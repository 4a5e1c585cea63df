//! The settings of an endpoint.

use execnet_serializer::Limits;

use crate::options::options;
use crate::session::{InboxLimits, OverflowPolicy, Role};

/// Role and limits of an endpoint. The defaults suit a device; a program on a larger machine sets limits of its own.
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    pub(super) role: Role,
    pub(super) buffer: usize,
    pub(super) max_frame: usize,
    pub(super) max_peer_channels: usize,
    pub(super) inbox: InboxLimits,
    pub(super) limits: Limits,
    pub(super) credit: Option<usize>,
}

impl EndpointConfig {
    /// A config with the defaults.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self {
            role,
            buffer: 4096,
            max_frame: 1 << 20,
            max_peer_channels: 1024,
            inbox: InboxLimits {
                channel: Some(64 << 10),
                gateway: Some(256 << 10),
                overflow: OverflowPolicy::Close,
            },
            limits: Limits::default(),
            credit: None,
        }
    }

    options! {
        /// Sets the size of the buffer for reading, in bytes. Default: 4096.
        with_buffer, buffer: usize;
        /// Sets the largest payload of a frame that is accepted, in bytes. A larger one ends the endpoint. Default: 2^20.
        with_max_frame, max_frame: usize;
        /// Sets the number of peer-made channels that may exist at a time. Default: 1024.
        with_max_peer_channels, max_peer_channels: usize;
        /// Sets the limits on items that wait to be received. Default: 64 KiB on each channel and 256 KiB together;
        /// beyond that the channel of the item is closed.
        ///
        /// [`OverflowPolicy::Pause`] closes as well: the thread that reads may itself wait for another item. To lose
        /// nothing and make the peer wait, use [credit](Self::with_credit).
        with_inbox, inbox: InboxLimits;
        /// Sets the limits on decoding one item.
        with_limits, limits: Limits;
        /// Sets the credit of each channel and direction, in bytes: no more than that, and one item, is on the way to a
        /// program that does not receive; [`EndpointChannel::send`](super::EndpointChannel::send) waits, and reads
        /// meanwhile. Default: `None`, as in execnet.
        ///
        /// Both ends must have the same credit. Stock execnet has none, and ends at the first frame with credit.
        with_credit, credit: Option<usize>;
    }

    /// The end of the link that this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }
}
