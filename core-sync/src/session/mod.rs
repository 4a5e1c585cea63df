//! The state machine of one end of a gateway: which channels may send, what a frame does to a channel, what to reply.
//!
//! It has no lock, clock, thread or stream. Reading, writing and waiting are the driver's part, so that a gateway, a
//! microcontroller, a model test and a fuzzer drive the same code.
//!
//! ```text
//!   frame ──Message::parse──▶ Message ──Session::handle──▶ Event: wake a receiver, write a reply
//!                                            │
//!                              inboxes ◀─────┘     Session::take ──▶ item, error, end
//! ```
//!
//! A channel lives here as long as something refers to it: a handle of the program, or an item in the inbox of another
//! channel that names it. The driver keeps data of its own with each channel, a `W`, to wake the threads that wait on it.

mod accounting;
mod calls;
mod channel_state;
mod credit;
mod entry;
mod garbage;
mod handling;
mod ids;
mod inbox;
mod item_queue;
mod message;
mod refcount;
mod references;
mod remote_error;
mod reply;

pub(crate) use calls::EXPLICIT_CLOSE;
pub use calls::{BUSY, RefusedCall};
pub use channel_state::ChannelState;
pub use garbage::{Garbage, Released};
pub use ids::{Ids, RefusedId, Role};
pub use inbox::{Hold, InboxLimits, InboxOverflow, OverflowPolicy, QueuedItem};
pub use message::{EncodedItem, ITEM_COST, Message, ProtocolError};
pub use remote_error::{MAX_ERROR_TEXT, RemoteError};
#[cfg(feature = "std")]
pub(crate) use reply::append;
pub use reply::{EncodeFrameError, Reply, SessionStatus};
pub(crate) use reply::{empty, encode};

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use execnet_serializer::{ChannelId, StrConfig};

use accounting::InboxAccounting;
use calls::CallState;
use credit::Credit;
use entry::Entry;
use inbox::Failure;

/// What the driver has to do after a frame.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a, W> {
    /// Nothing.
    Nothing,
    /// An item arrived: wake one receiver of the channel.
    Item(&'a mut W),
    /// The channel ended, or the peer sends no more on it: wake all threads that wait on it.
    Ended(&'a mut W),
    /// This end closed the channel. Wake the threads as for [`Ended`](Self::Ended), and write the reply.
    Refused(&'a mut W, Reply),
    /// The peer gave credit: wake all threads that wait to send on the channel.
    Credit(&'a mut W),
    /// Write the reply, in order with other replies. The thread that reads frames must not write it: it could block.
    Reply(Reply),
    /// The peer calls code, on a channel that does not exist yet.
    Exec(ChannelId, Vec<u8>),
    /// The peer exits: read no more frames.
    Terminated,
}

/// Result of taking from a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextItem {
    /// The next item. The taker now holds one handle of each channel that it names.
    Item(QueuedItem),
    /// The error that the peer closed the channel with. It is returned once.
    Error(RemoteError),
    /// The channel was closed because its inbox was full. It is returned once.
    Overflow(InboxOverflow),
    /// The channel ended: no more items will arrive.
    End,
    /// The link ended before the channel did.
    LinkEnd,
    /// No item has arrived yet.
    Nothing,
}

/// Whether an item may be sent on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendPermit {
    /// Yes.
    Now,
    /// Only after the peer's program has received earlier items and given credit.
    Wait,
    /// The channel is closed.
    Closed,
}

/// No channel can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The link ended.
    LinkEnd,
    /// All 2^30 ids of this end are used up.
    IdsUsedUp,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinkEnd => "the link ended",
            Self::IdsUsedUp => "all channel ids of this gateway are used up",
        })
    }
}

impl core::error::Error for OpenError {}

/// One end of a gateway.
#[derive(Debug)]
pub struct Session<W> {
    role: Role,
    ids: Ids,
    channels: BTreeMap<ChannelId, Entry<W>>,
    /// Number of channels made so far.
    made: u64,
    /// Number of [`Open`](ChannelState::Open) channels. Peers ask for it, so that it is not counted each time.
    open: usize,
    /// String settings of channels made from now on.
    strings: StrConfig,
    /// Number of channels that the peer made, and the limit.
    peer_made: usize,
    max_peer_made: usize,
    /// Calls that have not ended, by channel. A channel can be gone before its call has ended.
    calls: BTreeMap<ChannelId, CallState>,
    /// Cost of the inboxes.
    accounting: InboxAccounting,
    /// Credit that each channel starts with, if the ends agreed on it.
    credit: Option<Credit>,
    ended: bool,
}

impl<W: Default> Session<W> {
    /// A session without channels, whose peer may make `max_peer_made` channels that live at a time.
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
            accounting: InboxAccounting::new(InboxLimits::default()),
            credit: None,
            ended: false,
        }
    }

    /// The same, with limits on what waits to be received.
    #[must_use]
    pub fn with_limits(mut self, limits: InboxLimits) -> Self {
        self.accounting = InboxAccounting::new(limits);
        self
    }

    /// The same, with credit: on each channel no more than `window` bytes, and one item, are on the way to a
    /// program that does not receive them. Both ends have to agree on it; stock execnet knows nothing of it.
    #[must_use]
    pub fn with_credit(mut self, window: Option<usize>) -> Self {
        self.credit = window.map(Credit::new);
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
        // No channel lives there yet: a peer may not name an id that was never allocated.
        self.insert(id, false);
        Ok(id)
    }

    /// A fresh channel with its first handle.
    pub(super) fn insert(&mut self, id: ChannelId, peer_made: bool) {
        self.made += 1;
        let mut channel = Entry::new(self.made, self.strings, self.credit, peer_made);
        channel.handles = 1;
        self.channels.insert(id, channel);
        self.open += 1;
    }

    /// Takes what is next on a channel: items first, then the error, then the end.
    pub fn take(&mut self, id: ChannelId) -> NextItem {
        match self.take_item(id) {
            Some(item) => NextItem::Item(item),
            None => self.take_end(id),
        }
    }

    /// As [`take`](Self::take), but leaves the error and the end where they are: what a callback gets.
    pub fn take_item(&mut self, id: ChannelId) -> Option<QueuedItem> {
        let channel = self.channels.get_mut(&id)?;
        let before = channel.inbox.cost();
        let item = channel.pop()?;
        self.accounting.change(before, channel.inbox.cost());
        self.hand_over(id, &item.references);
        Some(item)
    }

    /// As [`take_item`](Self::take_item), for an item that still waits elsewhere: it counts, in limits and credit,
    /// until the hold is given to [`let_go_item`](Self::let_go_item).
    pub fn hold_item(&mut self, id: ChannelId) -> Option<(QueuedItem, Hold)> {
        let channel = self.channels.get_mut(&id)?;
        let item = channel.inbox.pop_held()?;
        let hold = Hold {
            channel: id,
            serial: channel.serial,
            cost: item.cost,
        };
        self.hand_over(id, &item.references);
        Some((item, hold))
    }

    /// An item that was held waits no longer.
    pub fn let_go_item(&mut self, hold: Hold) {
        let channel = self.channels.get_mut(&hold.channel);
        // A later channel of the id is another one.
        let Some(channel) = channel.filter(|channel| channel.serial == hold.serial) else {
            return self.accounting.drop_kept(hold.cost);
        };
        let before = channel.inbox.cost();
        channel.inbox.let_go(hold.cost);
        self.accounting.change(before, channel.inbox.cost());
        if let Some(credit) = &mut channel.credit {
            credit.consume(hold.cost);
        }
    }

    /// As [`take`](Self::take), but leaves items where they are: what a waiter for the end of the channel gets.
    pub fn take_end(&mut self, id: ChannelId) -> NextItem {
        let Some(channel) = self.channels.get_mut(&id) else {
            return NextItem::End;
        };
        let before = channel.inbox.error_cost();
        let failure = channel.inbox.take_failure();
        self.accounting
            .change_error(before, channel.inbox.error_cost());
        match failure {
            Some(Failure::Remote(error)) => NextItem::Error(error),
            Some(Failure::Overflow(overflow)) => NextItem::Overflow(overflow),
            None if channel.state.can_receive() => NextItem::Nothing,
            None if channel.was_open_at_disconnect => NextItem::LinkEnd,
            None => NextItem::End,
        }
    }

    /// Whether the channel receives no more: what waits in its inbox is all.
    #[must_use]
    pub fn has_ended(&self, id: ChannelId) -> bool {
        let open = |channel: &Entry<W>| channel.state.can_receive();
        !self.channels.get(&id).is_some_and(open)
    }

    /// What the peer is to be told of what was taken from the channel, where the ends agreed on credit. To be
    /// asked after an item was taken.
    pub fn grant(&mut self, id: ChannelId) -> Option<Reply> {
        let channel = self.channels.get_mut(&id)?;
        // One that sends no more needs no credit.
        let open = channel.state.can_receive();
        let credit = channel.credit.as_mut().filter(|_| open)?;
        credit.grant().map(|grant| Reply::Credit(id, grant))
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

    /// Items that cost so much were sent.
    pub fn spend(&mut self, id: ChannelId, cost: usize) {
        let channel = self.channels.get_mut(&id);
        if let Some(credit) = channel.and_then(|channel| channel.credit.as_mut()) {
            credit.spend(cost);
        }
    }

    /// Whether no frame is to be read before something is taken: see [`OverflowPolicy::Pause`].
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.accounting.pauses()
    }

    /// From now on a full inbox closes its channel: [`is_paused`](Self::is_paused) is over for good.
    pub fn never_pause(&mut self) {
        self.accounting.never_pause();
    }

    /// How many channels live: those that something holds, open or not.
    #[must_use]
    pub fn living(&self) -> usize {
        self.channels.len()
    }

    /// How many bytes of items and errors wait in all inboxes, counted as [`InboxLimits`] says.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.accounting.waiting()
    }

    /// Whether items can be sent on the channel, now or after waiting.
    #[must_use]
    pub fn may_send(&self, id: ChannelId) -> bool {
        self.channels.get(&id).is_some_and(Entry::can_send)
    }

    /// Where the channel stands; `None` where it does not live.
    #[must_use]
    pub fn state(&self, id: ChannelId) -> Option<ChannelState> {
        self.channels.get(&id).map(|channel| channel.state)
    }

    /// What the driver keeps with the channel.
    pub fn waiters(&mut self, id: ChannelId) -> Option<&mut W> {
        self.channels
            .get_mut(&id)
            .map(|channel| &mut channel.waiters)
    }

    /// Closes the channel from this side. True where the peer has to be told.
    pub fn close(&mut self, id: ChannelId) -> bool {
        self.change_state(id, Entry::close).unwrap_or(false)
    }

    /// The string settings of a channel; those of the gateway where it does not live.
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

    /// The link ended: no channel receives any more, none is opened any more.
    pub fn end(&mut self) {
        self.ended = true;
        for channel in self.channels.values_mut() {
            channel.was_open_at_disconnect = channel.state.end_receiving();
        }
        self.open = 0;
    }

    /// What the driver keeps with each channel.
    pub fn all_waiters(&mut self) -> impl Iterator<Item = (ChannelId, &mut W)> {
        let channels = self.channels.iter_mut();
        channels.map(|(&id, channel)| (id, &mut channel.waiters))
    }
}
