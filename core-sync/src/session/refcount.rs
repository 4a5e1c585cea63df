use alloc::vec;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::entry::Entry;
use super::{ChannelState, Garbage, Released, RemoteError, Reply, Session};

/// What keeps channels alive.
///
/// Two channels that each wait in the other's inbox, with no handle of either left, keep one another until the
/// peer or the link ends: telling that apart would mean looking through all inboxes whenever a handle goes.
impl<W> Session<W> {
    /// Gives up one handle of the channel.
    ///
    /// With the last handle an open channel closes; where a callback takes its items, only sending ends, and the
    /// callback goes on.
    pub fn release(&mut self, id: ChannelId) -> Released<W> {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.handles = channel.handles.saturating_sub(1);
        }
        self.collect(vec![id])
    }

    /// The error that the peer closed the channel with, where giving up one handle loses it: nobody was told.
    #[must_use]
    pub fn unheard(&self, id: ChannelId) -> Option<&RemoteError> {
        let channel = self.channels.get(&id)?;
        let last = channel.handles <= 1 && channel.pins == 0;
        channel.inbox.error().filter(|_| last)
    }

    /// Ends sending on the channel; this side still receives. Returns whether a frame has to tell the peer.
    pub fn finish_sending(&mut self, id: ChannelId) -> bool {
        let channel = self
            .channels
            .get_mut(&id)
            .filter(|channel| channel.can_send());
        channel.is_some_and(|channel| !core::mem::replace(&mut channel.said_last, true))
    }

    /// A callback takes the items of the channel from now on, and holds it until [`detach`](Self::detach).
    pub fn attach(&mut self, id: ChannelId) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.sink = true;
        }
    }

    /// Takes [`attach`](Self::attach) back, while there is a handle of the channel.
    pub fn unattach(&mut self, id: ChannelId) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.sink = false;
        }
    }

    /// The callback of the channel has seen the end, or gives up: items that are left are lost.
    pub fn detach(&mut self, id: ChannelId) -> Released<W> {
        let Some(channel) = self.channels.get_mut(&id) else {
            return self.collect(Vec::new());
        };
        channel.sink = false;
        let mut let_go = vec![id];
        let_go.extend(channel.inbox.references().filter(|&pinned| pinned != id));
        let before = channel.inbox.cost();
        let items = channel.inbox.discard();
        self.load.change(before, channel.inbox.cost());
        let_go.iter().skip(1).for_each(|&pinned| self.unpin(pinned));
        let mut released = self.collect(let_go);
        released.garbage.items.push(items);
        released
    }

    /// Ends what nobody holds any more of these channels, and of those that went with them.
    fn collect(&mut self, mut let_go: Vec<ChannelId>) -> Released<W> {
        let mut replies = Vec::new();
        let mut garbage = Garbage::default();
        while let Some(id) = let_go.pop() {
            let is_let_go = |channel: &&Entry<W>| channel.is_let_go();
            let Some(has_sink) = self.channels.get(&id).filter(is_let_go).map(|c| c.sink) else {
                continue;
            };
            let farewell = self.change_state(id, |channel| channel.farewell(id));
            replies.extend(farewell.flatten());
            if has_sink {
                continue;
            }
            let Some(channel) = self.remove(id) else {
                continue;
            };
            for pinned in channel.inbox.references().filter(|&pinned| pinned != id) {
                self.unpin(pinned);
                let_go.push(pinned);
            }
            garbage.channels.push(channel);
        }
        Released { replies, garbage }
    }

    /// Changes the state of a channel, and keeps count of the open ones.
    pub(super) fn change_state<T>(
        &mut self,
        id: ChannelId,
        change: impl FnOnce(&mut Entry<W>) -> T,
    ) -> Option<T> {
        let channel = self.channels.get_mut(&id)?;
        let before = channel.state.can_receive();
        let changed = change(channel);
        // A channel is open once: it does not open again.
        self.open -= usize::from(before && !channel.state.can_receive());
        Some(changed)
    }

    /// Removes a channel, which is the caller's to hand out.
    fn remove(&mut self, id: ChannelId) -> Option<Entry<W>> {
        let channel = self.channels.remove(&id)?;
        self.peer_made = self
            .peer_made
            .saturating_sub(usize::from(channel.peer_made));
        self.load.remove(channel.inbox.cost());
        self.load.change_error(channel.inbox.error_cost(), 0);
        self.load.keep(channel.inbox.held());
        Some(channel)
    }

    /// The pins of an item that is taken become handles of the taker.
    pub(super) fn hand_over(&mut self, carrier: ChannelId, references: &[ChannelId]) {
        for &id in references {
            if id != carrier {
                self.unpin(id);
            }
            if let Some(channel) = self.channels.get_mut(&id) {
                channel.handles += 1;
            }
        }
    }

    fn unpin(&mut self, id: ChannelId) {
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.pins = channel.pins.saturating_sub(1);
        }
    }
}

impl<W> Entry<W> {
    /// What the peer is told when nobody can send on the channel any more.
    fn farewell(&mut self, id: ChannelId) -> Option<Reply> {
        match self.state {
            ChannelState::Open if self.sink => {
                let first = !core::mem::replace(&mut self.said_last, true);
                first.then_some(Reply::LastMessage(id))
            }
            // Where both sides said their last message, both know.
            ChannelState::SendOnly if self.said_last => None,
            _ => self.close().then_some(Reply::Close(id)),
        }
    }
}
