use alloc::vec::Vec;

use super::Reply;
use super::entry::Entry;
use super::item_queue::ItemQueue;

/// What giving up a channel brings about.
#[derive(Debug)]
#[must_use = "the peer is to be told"]
pub struct Released<W> {
    /// What the peer is to be told. That can be several frames: an inbox that goes with its channel holds the channels that
    /// its items name.
    pub replies: Vec<Reply>,
    /// What is left of the channels that are gone.
    pub garbage: Garbage<W>,
}

/// Channels that are gone, with the items that nobody received and what the driver kept with them.
///
/// The session drops no channel itself. There can be millions of items in one, which takes a while, and what a driver
/// keeps with a channel may be code of the program, which may come back to the session. So a driver that keeps the
/// session under a lock drops this when it has unlocked it.
#[derive(Debug)]
#[must_use = "drop it when the session is unlocked"]
pub struct Garbage<W> {
    pub(super) channels: Vec<Entry<W>>,
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
    /// Takes in other garbage.
    pub fn append(&mut self, mut other: Self) {
        self.channels.append(&mut other.channels);
        self.items.append(&mut other.items);
    }

    /// Whether there is nothing to be dropped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.items.is_empty()
    }
}
