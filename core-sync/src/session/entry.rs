//! What a session keeps of a channel.

use alloc::vec::Vec;

use execnet_serializer::StrConfig;

use super::credit::Credit;
use super::inbox::{Inbox, QueuedItem};
use super::{ChannelState, EncodedItem, RefusedId};
use crate::frame::SpareBuffer;

/// A channel of the session.
#[derive(Debug)]
pub(super) struct Entry<W> {
    /// Unique in the session. An id is not: a peer can use one again.
    pub(super) serial: u64,
    pub(super) state: ChannelState,
    /// Set if the channel was still open when the link ended.
    pub(super) was_open_at_disconnect: bool,
    /// The peer made it, by naming it in an item.
    pub(super) peer_made: bool,
    pub(super) strings: StrConfig,
    pub(super) inbox: Inbox,
    /// Number of handles that the program holds.
    pub(super) handles: usize,
    /// Number of items in inboxes of other channels that name this one.
    pub(super) inbox_refs: usize,
    // No handle: with a callback alone the program cannot send, so that the peer gets a LAST_MESSAGE.
    /// A callback takes the items. It keeps the channel alive until it has seen the end.
    pub(super) has_callback: bool,
    /// LAST_MESSAGE was sent: this side sends no more items.
    pub(super) said_last: bool,
    pub(super) credit: Option<Credit>,
    pub(super) waiters: W,
}

impl<W: Default> Entry<W> {
    /// A channel that nothing holds yet. `peer_made` says that the peer made it.
    pub(super) fn new(
        serial: u64,
        strings: StrConfig,
        credit: Option<Credit>,
        peer_made: bool,
    ) -> Self {
        Self {
            serial,
            state: ChannelState::Open,
            was_open_at_disconnect: false,
            peer_made,
            strings,
            inbox: Inbox::default(),
            handles: 0,
            inbox_refs: 0,
            has_callback: false,
            said_last: false,
            credit,
            waiters: W::default(),
        }
    }
}

impl<W> Entry<W> {
    /// Whether neither the program nor an inbox refers to the channel, so that nothing can be sent on it any more.
    pub(super) fn is_let_go(&self) -> bool {
        self.handles == 0 && self.inbox_refs == 0
    }

    /// Whether items may be sent.
    pub(super) fn can_send(&self) -> bool {
        // LAST_MESSAGE is final, also if the program gets a handle again from an item: the peer would drop the items.
        self.state.can_send() && !self.said_last
    }

    /// Closes from this side. Returns whether a frame must tell the peer.
    pub(super) fn close(&mut self) -> bool {
        // A peer that has exited still reads what running functions send, but it has dropped all channels at once: a frame
        // for each of them, tens of thousands perhaps, would only delay the exit.
        self.state.close() && !self.was_open_at_disconnect
    }

    /// Queues an item that arrived.
    pub(super) fn accept(
        &mut self,
        item: EncodedItem,
        refused: Option<RefusedId>,
        spare: &mut SpareBuffer,
    ) {
        let cost = item.cost();
        let (payload, references) = match refused {
            // It is never decoded: its memory is freed now, and only the error waits to be received.
            Some(_) => (Vec::new(), Vec::new()),
            None => (item.payload, item.references),
        };
        let item = QueuedItem {
            payload,
            strings: self.strings,
            references,
            refused,
            cost,
        };
        self.inbox.push(item, spare);
    }
}
