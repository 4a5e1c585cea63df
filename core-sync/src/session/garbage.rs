use alloc::vec::Vec;

use super::Reply;
use super::entry::Entry;
use super::item_queue::ItemQueue;

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
#[derive(Debug)]
#[must_use = "drop it when the session is unlocked"]
pub struct Garbage<W> {
    pub(super) channels: Vec<Entry<W>>,
    // Of channels that live on without their callback.
    pub(super) items: Vec<ItemQueue>,
}

impl<W> Default for Garbage<W> {
    fn default() -> Self {
        Self {
            channels: Vec::new(),
            items: Vec::new(),
        }
    }
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
