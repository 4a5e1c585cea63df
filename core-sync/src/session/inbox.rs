use alloc::vec::Vec;
use core::fmt;

use execnet_serializer::{ChannelId, StrConfig};

use super::item_queue::ItemQueue;
use super::{ITEM_COST, RefusedId, RemoteError};

/// What arrived on a channel and was not taken yet. Items come first, then the error, if there is one, once.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    items: ItemQueue,
    /// What the items cost together, with those that were taken to be held.
    cost: usize,
    /// What those cost that were taken to be held, until they are let go.
    held: usize,
    failure: Option<Failure>,
}

/// Why a channel ended other than by being closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    Remote(RemoteError),
    Overflow(Overflow),
}

impl Failure {
    /// As an item of the text would.
    fn cost(&self) -> usize {
        match self {
            Self::Remote(error) => error.text().len().saturating_add(ITEM_COST),
            Self::Overflow(_) => 0,
        }
    }
}

/// An item that arrived, with what was decided about it on arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The encoded value; empty where it was refused.
    pub payload: Vec<u8>,
    /// How its strings are to be read: the settings of the channel when it arrived.
    pub strings: StrConfig,
    /// The channels it names: who takes the item holds a handle of each.
    pub references: Vec<ChannelId>,
    /// It names a channel it may not name, so that it is not to be decoded.
    pub refused: Option<RefusedId>,
    /// What it counts for in limits and credit.
    pub(super) cost: usize,
}

impl Queued {
    /// What it counts for in limits and credit.
    #[must_use]
    pub fn cost(&self) -> usize {
        self.cost
    }
}

/// The cost of an item that was taken out of its inbox but still counts as waiting: see
/// [`Session::hold_item`](super::Session::hold_item).
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the item counts until the session gets this back"]
pub struct Hold {
    pub(super) channel: ChannelId,
    pub(super) serial: u64,
    pub(super) cost: usize,
}

impl Hold {
    /// The channel that the item came on.
    #[must_use]
    pub fn channel(&self) -> ChannelId {
        self.channel
    }
}

/// How much may wait in inboxes, and what happens beyond. The default is no limit, as in execnet.
///
/// What is counted, each with [`ITEM_COST`](crate::session::ITEM_COST) more than its bytes:
///
/// - an item, with its encoding. The one that goes above a limit is still taken, so that one item larger than the limit
///   can be received.
/// - an item in a queue of several channels, until it is taken from there.
/// - the error that the peer closed a channel with, with its text, of which no more than
///   [`MAX_ERROR_TEXT`](crate::session::MAX_ERROR_TEXT) bytes are kept. Beyond a limit only the start of its
///   [summary](RemoteError::summary) is. An error by itself makes no reader [pause](Overflowing::Pause).
/// - a call that the peer asked for and that has not begun. All such calls together may hold as much as
///   [`gateway`](Self::gateway) says, beside the items; beyond it calls are refused, also by an end that
///   [pauses](Overflowing::Pause).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InboxLimits {
    /// How many bytes may wait on each channel.
    pub channel: Option<usize>,
    /// How many bytes may wait on all channels of the gateway together, and as many again in calls that have not begun.
    pub gateway: Option<usize>,
    /// What happens where an item comes and a limit has been reached.
    pub overflow: Overflowing,
}

/// What happens where an item comes and an inbox is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflowing {
    /// The item's channel is closed: the peer is told with an error, and who receives here gets what has come,
    /// then an [`Overflow`]. Other channels go on.
    #[default]
    Close,
    /// Nothing more is read from the peer until there is room. The peer then blocks in its writes: nothing is
    /// lost, and nothing grows.
    ///
    /// This holds up *all* channels of the gateway, and can be a deadlock: a program that waits for an item of
    /// one channel waits for ever when the inbox of another is full and nobody takes from it. Use it where each
    /// channel has a thread or a callback that keeps taking. Answers to questions (the remote status, the end of
    /// a channel) are held up as well. A gateway that was exited or killed reads on, and closes.
    Pause,
}

/// More came than an inbox may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow {
    /// The limit in bytes that was reached.
    pub limit: usize,
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} bytes wait to be received", self.limit)
    }
}

impl core::error::Error for Overflow {}

impl Inbox {
    pub(super) fn push(&mut self, item: Queued) {
        self.cost += item.cost;
        self.items.push(item);
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        let item = self.items.pop()?;
        self.cost -= item.cost;
        Some(item)
    }

    /// As [`pop`](Self::pop), but the item counts until [`let_go`](Self::let_go).
    pub(super) fn pop_held(&mut self) -> Option<Queued> {
        let item = self.items.pop()?;
        self.held = self.held.saturating_add(item.cost);
        Some(item)
    }

    /// An item of this cost, which was held, counts no more.
    pub(super) fn let_go(&mut self, cost: usize) {
        self.held = self.held.saturating_sub(cost);
        self.cost = self.cost.saturating_sub(cost);
    }

    /// What those cost that are held.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// What its items cost together.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// What its error costs.
    pub(super) fn error_cost(&self) -> usize {
        self.failure.as_ref().map_or(0, Failure::cost)
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.failure = Some(failure);
    }

    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// The peer's error, where it waits.
    pub(super) fn error(&self) -> Option<&RemoteError> {
        match &self.failure {
            Some(Failure::Remote(error)) => Some(error),
            _ => None,
        }
    }

    /// The channels that the items name.
    pub(super) fn references(&self) -> impl Iterator<Item = ChannelId> {
        self.items.references()
    }

    /// Takes all items out, to be dropped elsewhere: there can be many.
    pub(super) fn discard(&mut self) -> ItemQueue {
        self.cost = self.held;
        core::mem::take(&mut self.items)
    }
}
