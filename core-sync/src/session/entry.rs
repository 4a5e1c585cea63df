use alloc::vec::Vec;

use execnet_serializer::StrConfig;

use super::credit::Credit;
use super::inbox::{Inbox, Queued};
use super::{ChannelState, EncodedItem, RefusedId};

/// One living channel.
#[derive(Debug)]
pub(super) struct Entry<W> {
    /// Of all channels of the session it alone has this number: a peer can use an id again.
    pub(super) serial: u64,
    pub(super) state: ChannelState,
    /// It was still open when the link ended.
    pub(super) was_open_at_disconnect: bool,
    /// The peer made it, by naming it in an item.
    pub(super) peer_made: bool,
    pub(super) strings: StrConfig,
    pub(super) inbox: Inbox,
    /// Handles that the program holds.
    pub(super) handles: usize,
    /// Items in inboxes of other channels that name this one.
    pub(super) pins: usize,
    /// A callback takes the items. It holds the channel until it has seen the end.
    pub(super) sink: bool,
    /// The peer was told with a LAST_MESSAGE that this side sends no more.
    pub(super) said_last: bool,
    pub(super) credit: Option<Credit>,
    pub(super) waker: W,
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
            pins: 0,
            sink: false,
            said_last: false,
            credit,
            waker: W::default(),
        }
    }
}

impl<W> Entry<W> {
    /// Nobody can send on it any more.
    pub(super) fn is_let_go(&self) -> bool {
        self.handles == 0 && self.pins == 0
    }

    /// Items may be sent. Not after this side said its last message, also where the program came by a handle again: the
    /// peer would not take them.
    pub(super) fn can_send(&self) -> bool {
        self.state.can_send() && !self.said_last
    }

    /// This side closes. True where the peer is to be told: one whose link ended by a farewell, which still reads
    /// what code says that runs on here, is not told of channels that it has let go all at once.
    pub(super) fn close(&mut self) -> bool {
        self.state.close_locally() && !self.was_open_at_disconnect
    }

    /// Queues an item that arrived.
    pub(super) fn accept(&mut self, item: EncodedItem, refused: Option<RefusedId>) {
        let cost = item.cost();
        let (payload, references) = match refused {
            // It will not be decoded: its memory need not wait for who takes it.
            Some(_) => (Vec::new(), Vec::new()),
            None => (item.payload, item.references),
        };
        self.inbox.push(Queued {
            payload,
            strings: self.strings,
            references,
            refused,
            cost,
        });
    }

    /// Takes the next item out, which is no handing over yet of the channels it names.
    pub(super) fn pop(&mut self) -> Option<Queued> {
        let item = self.inbox.pop()?;
        if let Some(credit) = &mut self.credit {
            credit.consume(item.cost);
        }
        Some(item)
    }
}
