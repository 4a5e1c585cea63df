//! The state machine of one end of a gateway: which channels may send, what a frame does to a channel, what to reply.
//!
//! It has no lock, clock, thread or stream. Reading, writing and waiting are left to the driver, so that a gateway, a
//! microcontroller, a model test and a fuzzer drive the same code.
//!
//! ```text
//!   frame ──Message::parse──▶ Message ──Session::handle──▶ Event: wake a receiver, write a reply
//!                                            │
//!                              inboxes ◀─────┘     Session::take ──▶ item, error, end
//! ```
//!
//! A channel is kept while something refers to it: a handle of the program, a callback, or an item in the inbox of another
//! channel that names it. The driver keeps data of its own with each channel, a `W`, to wake the threads that wait on it.

mod accounting;
mod calls;
mod channel_state;
mod credit;
mod entry;
mod event;
mod handling;
mod ids;
mod inbox;
mod item_queue;
mod message;
mod receive;
mod refcount;
mod references;
mod remote_error;
mod reply;

pub use calls::{BUSY, RefusedCall};
pub(crate) use calls::{EXPLICIT_CLOSE, NO_MEMORY};
pub use channel_state::ChannelState;
pub use event::{Event, NextItem, OpenError, SendPermit};
pub(crate) use handling::Unread;
pub use ids::{Ids, RefusedId, Role};
pub use inbox::{Hold, InboxLimits, InboxOverflow, OverflowPolicy, QueuedItem};
pub use message::{EncodedItem, ITEM_COST, Message, ProtocolError};
pub use refcount::{Garbage, Released};
pub use remote_error::{MAX_ERROR_TEXT, RemoteError};
pub(crate) use reply::append;
pub use reply::{EncodeFrameError, Reply, SessionStatus};
pub(crate) use reply::{empty, encode};

use alloc::collections::BTreeMap;

use execnet_serializer::{ChannelId, StrConfig};

use accounting::InboxAccounting;
use credit::Credit;
use entry::Entry;

use crate::frame::SpareBuffer;
use crate::memory;

/// One end of a gateway.
#[derive(Debug)]
pub struct Session<W> {
    role: Role,
    ids: Ids,
    // A tree and not a hash table: without `std` there is no random hasher, and a peer chooses half of the keys.
    channels: BTreeMap<ChannelId, Entry<W>>,
    // The serial number of the next channel, too: it tells channels apart that had the same id one after the other.
    /// Number of channels made so far.
    made: u64,
    /// Number of [`Open`](ChannelState::Open) channels. Peers ask for it, so that it is not counted each time.
    open: usize,
    /// String settings of channels made from now on.
    strings: StrConfig,
    /// Number of channels that the peer made, and the limit.
    peer_made: usize,
    max_peer_made: usize,
    // Apart from the entries: a channel can be gone before the call on it has ended, and the call still counts as running.
    /// Calls that have not ended, by channel: whether the function tried to close the channel of its call.
    calls: BTreeMap<ChannelId, bool>,
    /// Cost of the inboxes.
    accounting: InboxAccounting,
    /// Credit that each channel starts with, if the ends agreed on it.
    credit: Option<Credit>,
    /// How calls are run here, for answers to STATUS.
    exec_model: &'static str,
    /// For payloads.
    pub(crate) spare: SpareBuffer,
    // The entries do not tell: there can be none, and a channel that is opened later would wait for an end that never
    // comes.
    ended: bool,
}

impl<W: Default> Session<W> {
    /// A session without channels. The peer may make channels, of which `max_peer_made` may exist at a time.
    #[must_use]
    pub fn new(role: Role, max_peer_made: usize) -> Self {
        Self {
            role,
            ids: Ids::new(role),
            channels: BTreeMap::new(),
            made: 0,
            open: 0,
            strings: StrConfig::CHANNEL,
            peer_made: 0,
            max_peer_made,
            calls: BTreeMap::new(),
            accounting: InboxAccounting::default(),
            credit: None,
            exec_model: "thread",
            spare: SpareBuffer::default(),
            ended: false,
        }
    }

    /// Sets the limits on items that wait to be received.
    #[must_use]
    pub fn with_limits(mut self, limits: InboxLimits) -> Self {
        self.accounting = InboxAccounting::new(limits);
        self
    }

    /// Sets the credit: on each channel no more than `window` bytes, and one item, are on the way to a program that
    /// does not receive them. Both ends must have the same credit; stock execnet has none.
    #[must_use]
    pub fn with_credit(mut self, window: Option<usize>) -> Self {
        self.credit = window.map(Credit::new);
        self
    }

    /// Sets the execution model that answers to STATUS name. Default: `thread`.
    #[must_use]
    pub fn with_exec_model(mut self, exec_model: &'static str) -> Self {
        self.exec_model = exec_model;
        self
    }

    /// Opens a channel on the next id and gives its first handle.
    ///
    /// # Errors
    ///
    /// The link has ended, or no id is left.
    pub fn open(&mut self) -> Result<ChannelId, OpenError> {
        if self.ended {
            return Err(OpenError::LinkEnd);
        }
        let id = self.ids.allocate().ok_or(OpenError::IdsUsedUp)?;
        // The id is free: a peer may not name an id of this end's parity that was never allocated, see `Ids`.
        self.insert(id, false);
        Ok(id)
    }

    /// Makes a channel with its first handle.
    pub(super) fn insert(&mut self, id: ChannelId, peer_made: bool) {
        self.made += 1;
        let mut channel = Entry::new(self.made, self.strings, self.credit, peer_made);
        // Counted before the driver has made the handle: a release in between must not remove the channel.
        channel.handles = 1;
        self.channels.insert(id, channel);
        self.open += 1;
    }

    /// Whether there is memory for so many more channels: the map has no insertion that fails.
    pub(super) fn has_memory(&self, channels: usize) -> bool {
        // A node has room for 11 channels and links to 12 nodes, and at least 5 are in it. One more may come above.
        let node = 12 * (size_of::<(ChannelId, Entry<W>)>() + size_of::<usize>());
        let nodes = match self.channels.len().saturating_add(channels) {
            0..=11 => 1,
            _ => 2 + channels / 5,
        };
        memory::has_block(nodes.saturating_mul(node))
    }

    /// Whether an item may be sent on the channel now.
    #[must_use]
    pub fn send_permit(&self, id: ChannelId) -> SendPermit {
        match self.channels.get(&id) {
            Some(channel) if channel.can_send() => match &channel.credit {
                Some(credit) if !credit.has_room() => SendPermit::Wait,
                _ => SendPermit::Now,
            },
            _ => SendPermit::Closed,
        }
    }

    /// Takes the cost of sent items from the credit of the channel.
    pub fn spend(&mut self, id: ChannelId, cost: usize) {
        let channel = self.channels.get_mut(&id);
        if let Some(credit) = channel.and_then(|channel| channel.credit.as_mut()) {
            credit.spend(cost);
        }
    }

    /// Number of channels that something refers to, open or not.
    #[must_use]
    pub fn living(&self) -> usize {
        self.channels.len()
    }

    /// Whether items can be sent on the channel, now or after waiting.
    #[must_use]
    pub fn may_send(&self, id: ChannelId) -> bool {
        self.channels.get(&id).is_some_and(Entry::can_send)
    }

    /// The state of the channel; `None` if it does not exist.
    #[must_use]
    pub fn state(&self, id: ChannelId) -> Option<ChannelState> {
        self.channels.get(&id).map(|channel| channel.state)
    }

    /// The driver's data of the channel.
    pub fn waiters(&mut self, id: ChannelId) -> Option<&mut W> {
        self.channels
            .get_mut(&id)
            .map(|channel| &mut channel.waiters)
    }

    /// Closes the channel from this side. Returns whether a frame has to tell the peer.
    pub fn close(&mut self, id: ChannelId) -> bool {
        let closed = self.change_state(id, Entry::close);
        closed.is_some_and(|(_, tell)| tell)
    }

    /// The string settings of a channel; those of the gateway if the channel does not exist.
    #[must_use]
    pub fn strings(&self, id: ChannelId) -> StrConfig {
        self.channels
            .get(&id)
            .map_or(self.strings, |channel| channel.strings)
    }

    /// Sets how the strings of items that arrive from now on are read.
    pub fn reconfigure_channel(&mut self, id: ChannelId, strings: StrConfig) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.strings = strings;
        }
    }

    /// Sets how the strings are read on channels that are made from now on.
    pub fn reconfigure_gateway(&mut self, strings: StrConfig) {
        self.strings = strings;
    }

    /// The link ended: no channel receives items, and no channel can be opened any more.
    pub fn end(&mut self) {
        self.ended = true;
        for channel in self.channels.values_mut() {
            // Tells an end by the link, which is an error to receivers, from one by the peer before.
            channel.was_open_at_disconnect = channel.state.end_receiving();
        }
        self.open = 0;
    }

    /// The driver's data of each channel.
    pub fn all_waiters(&mut self) -> impl Iterator<Item = (ChannelId, &mut W)> {
        let channels = self.channels.iter_mut();
        channels.map(|(&id, channel)| (id, &mut channel.waiters))
    }
}
