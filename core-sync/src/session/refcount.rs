use alloc::vec;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::entry::Entry;
use super::{ChannelState, Garbage, Released, RemoteError, Reply, Session};

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
        let Some(channel) = self.channels.get_mut(&id) else {
            return self.collect(Vec::new());
        };
        channel.has_callback = false;
        let mut let_go = vec![id];
        let_go.extend(
            channel
                .inbox
                .references()
                .filter(|&referenced| referenced != id),
        );
        let before = channel.inbox.cost();
        let items = channel.inbox.discard();
        self.accounting.change(before, channel.inbox.cost());
        let_go
            .iter()
            .skip(1)
            .for_each(|&referenced| self.drop_inbox_ref(referenced));
        let mut released = self.collect(let_go);
        released.garbage.items.push(items);
        released
    }

    /// Ends those of the channels that have no reference left, and those that lose their last reference by that.
    fn collect(&mut self, mut let_go: Vec<ChannelId>) -> Released<W> {
        let mut replies = Vec::new();
        let mut garbage = Garbage::default();
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
            let closing_frame = self.change_state(id, |channel| channel.closing_frame(id));
            replies.extend(closing_frame.flatten());
            // What the peer still sends reaches the callback. The channel goes when the callback has seen the end.
            if has_callback {
                continue;
            }
            let Some(channel) = self.remove(id) else {
                continue;
            };
            // The items were never received: the channels that they name lose these references, and may go as well.
            for referenced in channel
                .inbox
                .references()
                .filter(|&referenced| referenced != id)
            {
                self.drop_inbox_ref(referenced);
                let_go.push(referenced);
            }
            garbage.channels.push(channel);
        }
        Released { replies, garbage }
    }

    /// Changes the state of a channel, and keeps the count of open channels.
    pub(super) fn change_state<T>(
        &mut self,
        id: ChannelId,
        change: impl FnOnce(&mut Entry<W>) -> T,
    ) -> Option<T> {
        let channel = self.channels.get_mut(&id)?;
        let before = channel.state.can_receive();
        let changed = change(channel);
        // A closed channel never opens again, so that the count only goes down here.
        self.open -= usize::from(before && !channel.state.can_receive());
        Some(changed)
    }

    /// Removes a channel. The caller returns it in [`Garbage`].
    fn remove(&mut self, id: ChannelId) -> Option<Entry<W>> {
        let channel = self.channels.remove(&id)?;
        self.peer_made = self
            .peer_made
            .saturating_sub(usize::from(channel.peer_made));
        self.accounting.remove(channel.inbox.cost());
        self.accounting.change_error(channel.inbox.error_cost(), 0);
        // Items in a queue of the program outlive the channel, and count until their holds end.
        self.accounting.keep(channel.inbox.held());
        Some(channel)
    }

    /// The inbox references of a taken item become handles of its taker.
    pub(super) fn hand_over(&mut self, carrier: ChannelId, references: &[ChannelId]) {
        // One step, under the driver's lock: a channel whose only reference is this item must not be without one in
        // between.
        for &id in references {
            // As in `register`: an item that names its own channel holds no reference.
            if id != carrier {
                self.drop_inbox_ref(id);
            }
            if let Some(channel) = self.channels.get_mut(&id) {
                channel.handles += 1;
            }
        }
    }

    fn drop_inbox_ref(&mut self, id: ChannelId) {
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
