//! When a channel is closed because nothing refers to it any more.

use alloc::vec;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::entry::Entry;
use super::item_queue::ItemQueue;
use super::{ChannelState, RemoteError, Reply, Session};

/// The consequences of releasing a channel.
#[derive(Debug)]
#[must_use = "the replies have to be sent"]
pub struct Released<W> {
    /// The frames to send. There can be several: an inbox that is removed with its channel releases the channels that its
    /// items name.
    pub replies: Vec<Reply>,
    /// The remains of the removed channels.
    pub garbage: Garbage<W>,
}

/// Removed channels, with the items that nobody received and the driver's data.
///
/// The session drops no channel itself. An inbox can hold millions of items, and dropping them takes a while. The driver's
/// data may be code of the program, which may call into the session. So a driver that keeps the session under a lock drops
/// this after unlocking it.
#[derive(Debug, Default)]
#[must_use = "drop it when the session is unlocked"]
pub struct Garbage<W> {
    channels: Vec<Entry<W>>,
    /// Of channels that live on without their callback.
    items: Vec<ItemQueue>,
}

impl<W> Garbage<W> {
    /// Adds other garbage.
    pub fn append(&mut self, mut other: Self) {
        self.channels.append(&mut other.channels);
        self.items.append(&mut other.items);
    }

    /// Whether there is nothing to drop.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.items.is_empty()
    }
}

/// Reference counts of channels: handles of the program, and items in other inboxes that name the channel.
///
/// Two channels that are named in each other's inbox, without a handle of either, keep each other alive until the peer or
/// the link ends them. Finding such cycles would take a search of all inboxes whenever a handle is dropped.
impl<W> Session<W> {
    /// Drops one handle of the channel.
    ///
    /// The last handle closes an open channel. If a callback takes its items, only sending ends, and the callback still
    /// receives.
    pub fn release(&mut self, id: ChannelId) -> Released<W> {
        // Not yet removed at zero: inboxes and a callback may still refer to the channel, which `collect` checks.
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.handles = channel.handles.saturating_sub(1);
        }
        self.collect(vec![id])
    }

    /// The error with which the peer closed the channel, if dropping one handle would lose it unreceived.
    #[must_use]
    pub fn unread_error(&self, id: ChannelId) -> Option<&RemoteError> {
        let channel = self.channels.get(&id)?;
        let last = channel.handles <= 1 && channel.inbox_refs == 0;
        channel.inbox.error().filter(|_| last)
    }

    /// Ends sending on the channel; this side still receives. Returns whether a frame has to tell the peer.
    pub fn finish_sending(&mut self, id: ChannelId) -> bool {
        let channel = self.channels.get_mut(&id);
        let channel = channel.filter(|channel| channel.can_send());
        channel.map(|channel| channel.said_last = true).is_some()
    }

    /// A callback takes the items of the channel, and keeps it alive until [`detach`](Self::detach).
    pub fn attach(&mut self, id: ChannelId) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.has_callback = true;
        }
    }

    /// Undoes [`attach`](Self::attach), while there is a handle of the channel, and keeps its items.
    pub fn unattach(&mut self, id: ChannelId) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.has_callback = false;
        }
    }

    /// The callback of the channel has seen the end, or has failed: the items left in the inbox are dropped.
    pub fn detach(&mut self, id: ChannelId) -> Released<W> {
        let mut let_go = vec![id];
        let items = self.channels.get_mut(&id).map(|channel| {
            channel.has_callback = false;
            let before = channel.inbox.cost();
            let items = channel.inbox.discard();
            self.accounting.change(before, channel.inbox.cost());
            items
        });
        if let Some(items) = &items {
            self.drop_references(id, items.references(), &mut let_go);
        }
        let mut released = self.collect(let_go);
        released.garbage.items.extend(items);
        released
    }

    /// Ends those of the channels that have no reference left, and those that lose their last reference by that.
    fn collect(&mut self, mut let_go: Vec<ChannelId>) -> Released<W> {
        let (mut replies, mut channels) = (Vec::new(), Vec::new());
        // A loop and not a recursion: the peer decides how long the chain of inboxes is that name one another.
        while let Some(id) = let_go.pop() {
            let is_let_go = |channel: &&Entry<W>| channel.is_let_go();
            let Some(has_callback) = self
                .channels
                .get(&id)
                .filter(is_let_go)
                .map(|c| c.has_callback)
            else {
                continue;
            };
            let changed = self.change_state(id, |channel| channel.closing_frame(id));
            replies.extend(changed.and_then(|(_, frame)| frame));
            // What the peer still sends reaches the callback. The channel goes when the callback has seen the end.
            if has_callback {
                continue;
            }
            let Some(channel) = self.remove(id) else {
                continue;
            };
            self.drop_references(id, channel.inbox.items.references(), &mut let_go);
            channels.push(channel);
        }
        let items = Vec::new();
        let garbage = Garbage { channels, items };
        Released { replies, garbage }
    }

    /// Drops the inbox references of items that were never received. The channels that they name may go as well.
    fn drop_references(
        &mut self,
        carrier: ChannelId,
        references: impl Iterator<Item = ChannelId>,
        let_go: &mut Vec<ChannelId>,
    ) {
        // As in `register`: an item that names its own channel holds no reference.
        for id in references.filter(|&id| id != carrier) {
            self.drop_inbox_ref(id);
            let_go.push(id);
        }
    }

    /// Changes the state of a channel, and keeps the count of open channels. Returns the channel, and the result of the
    /// change.
    pub(super) fn change_state<T>(
        &mut self,
        id: ChannelId,
        change: impl FnOnce(&mut Entry<W>) -> T,
    ) -> Option<(&mut Entry<W>, T)> {
        let channel = self.channels.get_mut(&id)?;
        let before = channel.state.can_receive();
        let changed = change(channel);
        // A closed channel never opens again, so that the count only goes down here.
        self.open -= usize::from(before && !channel.state.can_receive());
        Some((channel, changed))
    }

    /// Removes a channel. The caller returns it in [`Garbage`].
    fn remove(&mut self, id: ChannelId) -> Option<Entry<W>> {
        let channel = self.channels.remove(&id)?;
        self.peer_made = self
            .peer_made
            .saturating_sub(usize::from(channel.peer_made));
        self.accounting.remove(&channel.inbox);
        Some(channel)
    }

    pub(super) fn drop_inbox_ref(&mut self, id: ChannelId) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.inbox_refs = channel.inbox_refs.saturating_sub(1);
        }
    }
}

impl<W> Entry<W> {
    /// The frame that tells the peer that this side cannot send on the channel any more.
    fn closing_frame(&mut self, id: ChannelId) -> Option<Reply> {
        match self.state {
            ChannelState::Open if self.has_callback => {
                let first = !core::mem::replace(&mut self.said_last, true);
                first.then_some(Reply::LastMessage(id))
            }
            // Both ends have sent LAST_MESSAGE, so that the peer knows already.
            ChannelState::SendOnly if self.said_last => None,
            _ => self.close().then_some(Reply::Close(id)),
        }
    }
}
