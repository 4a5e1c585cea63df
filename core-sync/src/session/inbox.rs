//! The items that arrived on a channel, and its end.

use alloc::vec::Vec;
use core::fmt;

use execnet_serializer::{ChannelId, StrConfig};

use super::item_queue::ItemQueue;
use super::{ITEM_COST, RefusedId, RemoteError};
use crate::frame::SpareBuffer;
use crate::options::options;

/// Items that arrived on a channel and were not taken yet. Behind them comes the error, if there is one, once.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    pub(super) items: ItemQueue,
    // A sum and not a search: it is compared with the limit for each item that arrives.
    /// Cost of all items, with the held ones.
    cost: usize,
    /// Cost of the items that were taken but still count, see [`Hold`].
    held: usize,
    pub(super) end_cause: Option<EndCause>,
}

/// Why a channel ended, unless it was closed without an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EndCause {
    Remote(RemoteError),
    Overflow(InboxOverflow),
}

impl EndCause {
    /// The same as of an item with the text.
    fn cost(&self) -> usize {
        match self {
            Self::Remote(error) => error.text().len().saturating_add(ITEM_COST),
            Self::Overflow(_) => 0,
        }
    }
}

/// An item in an inbox, with the settings and the checks of its arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedItem {
    /// The encoded value; empty if the item was refused.
    pub payload: Vec<u8>,
    /// How its strings are decoded: the settings of the channel when the item arrived.
    pub strings: StrConfig,
    /// The channels that it names. The taker of the item owns a handle of each.
    pub references: Vec<ChannelId>,
    /// Set if it names a channel id that the peer may not use: then it must not be decoded.
    pub refused: Option<RefusedId>,
    /// Its cost in limits and credit, in bytes: see [`ITEM_COST`](crate::session::ITEM_COST).
    pub(super) cost: usize,
}

impl QueuedItem {
    /// Its cost in limits and credit, in bytes: see [`ITEM_COST`](crate::session::ITEM_COST).
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

/// Limits on the items that wait to be received. Default: no limits, as in execnet.
///
/// Each of these counts with its bytes and [`ITEM_COST`](crate::session::ITEM_COST) more:
///
/// - an item, with its encoding. The item that exceeds a limit is still accepted, so that an item larger than the limit can
///   be received.
/// - an item in a queue of several channels, until the program takes it from that queue.
/// - the error with which the peer closed a channel, with its text, of which at most
///   [`MAX_ERROR_TEXT`](crate::session::MAX_ERROR_TEXT) bytes are kept. Beyond a limit only the start of its
///   [summary](RemoteError::summary) is kept. An error alone never [pauses](OverflowPolicy::Pause).
/// - a call that has not begun. All such calls together may cost as much as [`gateway`](Self::with_gateway) once more,
///   beside the items; beyond that, calls are refused, also by an end that [pauses](OverflowPolicy::Pause).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InboxLimits {
    pub(crate) channel: Option<usize>,
    pub(crate) gateway: Option<usize>,
    pub(crate) overflow: OverflowPolicy,
}

impl InboxLimits {
    options! {
        /// Sets the bytes that may wait on each channel. Default: no limit.
        with_channel, channel: Option<usize>;
        /// Sets the bytes that may wait on all channels of the gateway together, and as many again in calls that have not
        /// begun. Default: no limit.
        with_gateway, gateway: Option<usize>;
        /// Sets what happens to an item that arrives when a limit is reached. Default: [`OverflowPolicy::Close`].
        with_overflow, overflow: OverflowPolicy;
    }
}

/// What happens to an item that arrives when an inbox is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OverflowPolicy {
    /// Closes the channel with an error to the peer. Receivers get the items that have arrived, then an
    /// [`InboxOverflow`]. Other channels continue.
    #[default]
    Close,
    /// Reads nothing more from the peer until there is room. The peer then blocks in its writes: no item is lost, and no
    /// memory grows.
    ///
    /// This stops *all* channels of the gateway, and can deadlock: a program that waits for an item of one channel waits
    /// for ever if the inbox of another is full and no thread receives from it. Use it if each channel has a thread or a
    /// callback that keeps receiving. The remote status and the end of a channel are delayed as well. An exited or killed
    /// gateway reads again, and closes.
    Pause,
}

/// An inbox has reached its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxOverflow {
    /// The limit that was reached, in bytes. Where there is no memory for an item, this is what waits already.
    pub limit: usize,
}

impl fmt::Display for InboxOverflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} bytes wait to be received", self.limit)
    }
}

impl core::error::Error for InboxOverflow {}

impl Inbox {
    pub(super) fn push(&mut self, item: QueuedItem, spare: &mut SpareBuffer) {
        self.cost += item.cost;
        self.items.push(item, spare);
    }

    pub(super) fn pop(&mut self, spare: &mut SpareBuffer) -> Option<QueuedItem> {
        let item = self.items.pop(spare)?;
        self.cost -= item.cost;
        Some(item)
    }

    /// As [`pop`](Self::pop), but the item is counted until [`let_go`](Self::let_go).
    pub(super) fn pop_held(&mut self, spare: &mut SpareBuffer) -> Option<QueuedItem> {
        let item = self.items.pop(spare)?;
        self.held = self.held.saturating_add(item.cost);
        Some(item)
    }

    /// Stops counting a held item of this cost.
    pub(super) fn let_go(&mut self, cost: usize) {
        self.held = self.held.saturating_sub(cost);
        self.cost = self.cost.saturating_sub(cost);
    }

    /// Cost of the held items.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Cost of all items, with the held ones.
    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    /// Cost of the error.
    pub(super) fn error_cost(&self) -> usize {
        self.end_cause.as_ref().map_or(0, EndCause::cost)
    }

    /// The peer's error, if it was not received yet.
    pub(super) fn error(&self) -> Option<&RemoteError> {
        match &self.end_cause {
            Some(EndCause::Remote(error)) => Some(error),
            _ => None,
        }
    }

    /// Takes all items out, to be dropped elsewhere: there can be many.
    pub(super) fn discard(&mut self) -> ItemQueue {
        // Held items are in a queue of the program, and not in here. They count until their holds end.
        self.cost = self.held;
        core::mem::take(&mut self.items)
    }
}
