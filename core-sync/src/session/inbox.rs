use alloc::collections::VecDeque;
use alloc::vec::Vec;

use execnet_serializer::{ChannelId, StrConfig};

use super::{RefusedId, RemoteError};

/// What arrived on a channel and was not taken yet. Items come first, then the error, if there is one, once.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    items: VecDeque<Queued>,
    error: Option<RemoteError>,
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
}

impl Inbox {
    pub(super) fn push(&mut self, item: Queued) {
        self.items.push_back(item);
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        self.items.pop_front()
    }

    pub(super) fn set_error(&mut self, error: RemoteError) {
        self.error = Some(error);
    }

    pub(super) fn take_error(&mut self) -> Option<RemoteError> {
        self.error.take()
    }

    /// Whether an item in it names another channel.
    pub(super) fn holds_references(&self) -> bool {
        self.items.iter().any(|item| !item.references.is_empty())
    }

    /// The references of all items, for giving them up together.
    pub(super) fn into_references(self) -> impl Iterator<Item = ChannelId> {
        self.items.into_iter().flat_map(|item| item.references)
    }
}
