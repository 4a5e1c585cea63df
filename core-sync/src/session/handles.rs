use alloc::vec;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::Session;
use super::entry::Entry;

/// What keeps channels alive.
///
/// Two channels that each wait in the other's inbox, with no handle of either left, keep one another until the
/// peer or the link ends: telling that apart would mean looking through all inboxes whenever a handle goes.
impl<W> Session<W> {
    /// Whether giving up one handle of the channel certainly needs no frame.
    #[must_use]
    pub fn release_is_silent(&self, id: ChannelId) -> bool {
        self.channels.get(&id).is_none_or(|channel| {
            let last = channel.handles <= 1 && channel.pins == 0;
            !last || (!channel.state.drop_frame() && !channel.inbox.holds_references())
        })
    }

    /// Gives up one handle of the channel, and tells which channels the peer is to be told the CLOSE of. That can
    /// be several: an inbox that goes with its channel holds the channels that its items name.
    pub fn release(&mut self, id: ChannelId) -> Vec<ChannelId> {
        let mut closes = Vec::new();
        let mut unheld = Vec::new();
        if let Some(channel) = self.channels.get_mut(&id) {
            channel.handles = channel.handles.saturating_sub(1);
            unheld = vec![id];
        }
        while let Some(id) = unheld.pop() {
            let Some(channel) = self.remove_unheld(id) else {
                continue;
            };
            if channel.state.drop_frame() {
                closes.push(id);
            }
            for pinned in channel.inbox.into_references().filter(|&other| other != id) {
                self.unpin(pinned);
                unheld.push(pinned);
            }
        }
        closes
    }

    fn remove_unheld(&mut self, id: ChannelId) -> Option<Entry<W>> {
        self.channels
            .get(&id)
            .filter(|channel| channel.is_unheld())?;
        let channel = self.channels.remove(&id)?;
        self.foreign = self.foreign.saturating_sub(usize::from(channel.foreign));
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
