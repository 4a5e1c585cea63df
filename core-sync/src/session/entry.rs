use alloc::vec::Vec;

use execnet_serializer::StrConfig;

use super::inbox::{Inbox, Queued};
use super::{ChannelState, EncodedItem, RefusedId};

/// One living channel.
#[derive(Debug)]
pub(super) struct Entry<W> {
    pub(super) state: ChannelState,
    /// It was still open when the link ended.
    pub(super) cut_off: bool,
    /// The peer made it, by naming it in an item.
    pub(super) foreign: bool,
    pub(super) strings: StrConfig,
    pub(super) inbox: Inbox,
    /// Handles that the program holds.
    pub(super) handles: usize,
    /// Items in inboxes of other channels that name this one.
    pub(super) pins: usize,
    pub(super) waker: W,
}

impl<W: Default> Entry<W> {
    /// A channel of ours, with its first handle.
    pub(super) fn ours(strings: StrConfig) -> Self {
        Self {
            handles: 1,
            foreign: false,
            ..Self::foreign(strings)
        }
    }

    /// A channel that the peer made, which nothing holds yet.
    pub(super) fn foreign(strings: StrConfig) -> Self {
        Self {
            state: ChannelState::Open,
            cut_off: false,
            foreign: true,
            strings,
            inbox: Inbox::default(),
            handles: 0,
            pins: 0,
            waker: W::default(),
        }
    }
}

impl<W> Entry<W> {
    /// Nothing holds it any more.
    pub(super) fn is_unheld(&self) -> bool {
        self.handles == 0 && self.pins == 0
    }

    /// Queues an item that arrived.
    pub(super) fn accept(&mut self, item: EncodedItem, refused: Option<RefusedId>) {
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
        });
    }
}
