//! One queue for the items of several channels.

use alloc::vec::Vec;
use core::time::Duration;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};

use super::{MultiChannel, MultiError, of};
use crate::api::Item;
use crate::api::channel::Channel;
use crate::engine::Held;
use crate::error::{ItemError, ReceiveError, SetCallbackError};
use crate::item::RawItem;

/// The items of all channels in one queue.
impl MultiChannel {
    /// Makes a queue of the items of all channels in the order of arrival, beginning with those that have arrived already.
    /// Receiving from the channels themselves is an error from now on.
    ///
    /// An item in the queue counts as unreceived in [`InboxLimits`](crate::InboxLimits) and credit. An item that cannot be
    /// decoded closes its channel, as with a callback.
    ///
    /// # Errors
    ///
    /// A channel has or had a callback: then no channel is changed. Or the callback thread cannot be started: then the
    /// items of the channels before the failed one are lost.
    pub fn make_receive_queue(&self) -> Result<ReceiveQueue, MultiError<SetCallbackError>> {
        self.queue(false, Item::decode)
    }

    /// As [`make_receive_queue`](Self::make_receive_queue), with an end marker for each channel: its last entry has no
    /// item.
    ///
    /// # Errors
    ///
    /// As [`make_receive_queue`](Self::make_receive_queue).
    pub fn make_receive_queue_with_end_markers(
        &self,
    ) -> Result<ReceiveQueue, MultiError<SetCallbackError>> {
        self.queue(true, Item::decode)
    }

    pub(crate) fn queue<T: Send + 'static>(
        &self,
        end_markers: bool,
        decode: fn(RawItem<Channel>) -> Result<T, ItemError>,
    ) -> Result<ReceiveQueue<T>, MultiError<SetCallbackError>> {
        // Before any is set: the items that went to the queue meanwhile would be lost with it.
        if let Some(channel) = self.iter().find(|channel| channel.has_callback()) {
            return Err(of(channel, SetCallbackError::HasCallback));
        }
        let (sender, entries) = channel();
        for (index, channel) in self.iter().enumerate() {
            let sender = sender.clone();
            let installed = channel.install(end_markers, true, move |arrived| {
                let item = match arrived {
                    Some((raw, held)) => Some((decode(raw)?, held)),
                    None => None,
                };
                // An error means that the program has dropped the queue.
                drop(sender.send((index, item)));
                Ok(())
            });
            installed.map_err(|error| of(channel, error))?;
        }
        let channels = self.channels.clone();
        Ok(ReceiveQueue { entries, channels })
    }
}

/// The index of a channel, and its item or end. The item counts as unreceived until it is taken, and its hold dropped.
type Entry<T> = (usize, Option<(T, Option<Held>)>);

/// The items of several channels in the order of arrival: see [`MultiChannel::make_receive_queue`].
///
/// The queue, and iterating over it, ends when all channels have ended.
#[derive(Debug)]
pub struct ReceiveQueue<T = Item> {
    entries: Receiver<Entry<T>>,
    channels: Vec<Channel>,
}

impl<T> ReceiveQueue<T> {
    /// Waits for the next item, or the next end marker.
    ///
    /// # Errors
    ///
    /// All channels have ended.
    pub fn receive(&self) -> Result<(Channel, Option<T>), ReceiveError> {
        let entry = self.entries.recv().map_err(|_| ReceiveError::Closed)?;
        self.entry(entry)
    }

    /// As [`receive`](Self::receive), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive), or [`ReceiveError::Timeout`].
    pub fn receive_timeout(&self, timeout: Duration) -> Result<(Channel, Option<T>), ReceiveError> {
        let entry = self.entries.recv_timeout(timeout);
        self.entry(entry.map_err(|error| match error {
            RecvTimeoutError::Timeout => ReceiveError::Timeout,
            RecvTimeoutError::Disconnected => ReceiveError::Closed,
        })?)
    }

    /// Takes the next entry if there is one; `None` if there is none yet.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    #[allow(
        clippy::type_complexity,
        reason = "the result of receive, if there is one"
    )]
    pub fn try_receive(&self) -> Result<Option<(Channel, Option<T>)>, ReceiveError> {
        match self.entries.try_recv() {
            Ok(entry) => self.entry(entry).map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(ReceiveError::Closed),
        }
    }

    fn entry(&self, (index, item): Entry<T>) -> Result<(Channel, Option<T>), ReceiveError> {
        // The indices of entries are those of `channels`.
        let channel = self.channels.get(index).ok_or(ReceiveError::Closed)?;
        // The item is received now: its hold ends, and credit goes to the peer.
        Ok((channel.clone(), item.map(|(item, _held)| item)))
    }
}

impl<T> Iterator for ReceiveQueue<T> {
    type Item = (Channel, Option<T>);

    fn next(&mut self) -> Option<Self::Item> {
        self.receive().ok()
    }
}
