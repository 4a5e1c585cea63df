use execnet_serializer::Limits;

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

    /// Sets the size of the buffer for reading, in bytes. Default: 4096.
    #[must_use]
    pub const fn with_buffer(mut self, bytes: usize) -> Self {
        self.buffer = bytes;
        self
    }

    /// Sets the largest payload of a frame that is accepted, in bytes. A larger one ends the endpoint. Default: 2^20.
    #[must_use]
    pub const fn with_max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = bytes;
        self
    }

    /// Sets the number of peer-made channels that may exist at a time. Default: 1024.
    #[must_use]
    pub const fn with_max_peer_channels(mut self, channels: usize) -> Self {
        self.max_peer_channels = channels;
        self
    }

    /// Sets the limits on items that wait to be received. Default: 64 KiB on each channel and 256 KiB together; beyond that
    /// the channel of the item is closed.
    ///
    /// [`OverflowPolicy::Pause`] closes as well: the thread that reads may itself wait for another item. To lose nothing and
    /// make the peer wait, use [credit](Self::with_credit).
    #[must_use]
    pub const fn with_inbox(mut self, inbox: InboxLimits) -> Self {
        self.inbox = inbox;
        self
    }

    /// Sets what decoding one item may cost.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the credit of each channel and direction, in bytes: no more than that, and one item, is on the way to a program
    /// that does not receive; [`EndpointChannel::send`](super::EndpointChannel::send) waits, and reads meanwhile. Default:
    /// `None`, as in execnet.
    ///
    /// Both ends must have the same credit. Stock execnet has none, and ends at the first frame with credit.
    #[must_use]
    pub const fn with_credit(mut self, bytes: Option<usize>) -> Self {
        self.credit = bytes;
        self
    }

    /// Which end this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// See [`with_buffer`](Self::with_buffer).
    #[must_use]
    pub const fn buffer(&self) -> usize {
        self.buffer
    }

    /// See [`with_max_frame`](Self::with_max_frame).
    #[must_use]
    pub const fn max_frame(&self) -> usize {
        self.max_frame
    }

    /// See [`with_max_peer_channels`](Self::with_max_peer_channels).
    #[must_use]
    pub const fn max_peer_channels(&self) -> usize {
        self.max_peer_channels
    }

    /// See [`with_inbox`](Self::with_inbox).
    #[must_use]
    pub const fn inbox(&self) -> InboxLimits {
        self.inbox
    }

    /// See [`with_limits`](Self::with_limits).
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// See [`with_credit`](Self::with_credit).
    #[must_use]
    pub const fn credit(&self) -> Option<usize> {
        self.credit
    }
}
