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
    pub(super) relax: Option<fn()>,
    /// The bytes of unwritten answers with which no frame is read.
    pub(super) max_answers: usize,
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
            relax: None,
            max_answers: 4096,
        }
    }

    /// A config of a worker with limits under which it uses no more than about `memory` bytes of the heap, whatever its
    /// peer sends: for devices. From 8 KiB on; functions, and what they keep, need memory of their own.
    ///
    /// | part | of `memory` |
    /// |---|---|
    /// | [buffer](Self::with_buffer) | 1/32 |
    /// | [longest item or call](Self::with_max_frame): in the buffer of its arrival, in its inbox, and as an answer | 3 times 1/12 |
    /// | [items that wait](Self::with_inbox), and calls that wait | 2 times 1/12 |
    /// | values of one [decoded item](Self::with_limits), 64 bytes for each | 1/4 |
    /// | [channels](Self::with_max_peer_channels) that the peer makes, 256 bytes for each | 1/16 |
    /// | answers to requests that the link has not taken, in two buffers | 2 times 1/32 |
    ///
    /// ```
    /// use execnet_core_sync::endpoint::EndpointConfig;
    /// let config = EndpointConfig::worker_within(16 << 10);
    /// assert_eq!(config.max_frame(), 1365);
    /// assert_eq!(config.limits().items(), 64);
    /// ```
    #[must_use]
    pub fn worker_within(memory: usize) -> Self {
        let part = memory / 12;
        let depth = u16::try_from(memory / 1024).unwrap_or(u16::MAX);
        let limits = Limits::default()
            .with_bytes(part)
            .with_items(memory / 256)
            .with_depth(depth.max(8));
        Self {
            buffer: (memory / 32).max(64),
            max_frame: part,
            max_peer_channels: (memory / 4096).max(2),
            inbox: InboxLimits {
                channel: Some(part),
                gateway: Some(part),
                overflow: OverflowPolicy::Close,
            },
            limits,
            max_answers: memory / 32,
            ..Self::new(Role::Worker)
        }
    }

    options! {
        /// Sets the size of the buffer for reading, in bytes. Default: 4096.
        with_buffer, buffer: usize;
        /// Sets the largest payload of a frame that is accepted, in bytes. A larger item closes its channel, and a larger
        /// call is refused; any other larger frame ends the endpoint. Default: 2^20.
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
        /// Sets a function that is called again and again while the endpoint waits for a link that is
        /// [not ready](super::Endpoint::pollable), instead of a blocking read or write: on a microcontroller an instruction
        /// that sleeps until the next interrupt, such as WFE. Links that do not report readiness block as before.
        /// Default: `None`.
        ///
        /// An interrupt between the look at the link and the sleep must end the sleep, as it does with WFE. After a bare
        /// WFI the byte that it brought waits for the next interrupt.
        with_relax, relax: Option<fn()>;
    }

    /// The end of the link that this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }
}
