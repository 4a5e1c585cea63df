use alloc::vec::Vec;
use core::time::Duration;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};

use super::{MultiChannel, MultiError, of};
use crate::api::Item;
use crate::api::channel::Arrived;
use crate::api::channel::Channel;
use crate::engine::Held;
use crate::error::{CallbackError, ItemError, ReceiveError, SetCallbackError};
use crate::item::RawItem;

/// Their items in one queue.
impl MultiChannel {
    /// A queue that the items of all channels go to as they come, those that wait already first. Receiving from the
    /// channels themselves is an error afterwards.
    ///
    /// An item in the queue counts as one that waits on its channel: [`InboxLimits`](crate::InboxLimits) and credit hold. One
    /// that cannot be decoded closes its channel, as with a callback.
    ///
    /// # Errors
    ///
    /// A channel has a callback already, or had one: then no channel is changed. Or the thread that fills the queue cannot be
    /// started: then the channels in front of it stay with a queue that nobody reads.
    pub fn make_receive_queue(&self) -> Result<ReceiveQueue, MultiError<SetCallbackError>> {
        self.queue(false, Item::decode)
    }

    /// As [`make_receive_queue`](Self::make_receive_queue), with an end marker for each channel: when it has ended,
    /// its last entry has no item.
    ///
    /// # Errors
    ///
    /// As there.
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
        // What went to the queue of some would be lost with it.
        if let Some(channel) = self.iter().find(|channel| channel.has_callback()) {
            return Err(of(channel, SetCallbackError::HasCallback));
        }
        let (sender, entries) = channel();
        for (index, channel) in self.iter().enumerate() {
            let sender = sender.clone();
            let installed = channel.install(end_markers, true, move |arrived| {
                let queued = arrived.map(|arrived| queued(arrived, decode)).transpose()?;
                // Of a queue that is gone nobody misses it.
                drop(sender.send((index, queued)));
                Ok(())
            });
            installed.map_err(|error| of(channel, error))?;
        }
        let channels = self.channels.clone();
        Ok(ReceiveQueue { entries, channels })
    }
}

fn queued<T>(
    arrived: Arrived,
    decode: fn(RawItem<Channel>) -> Result<T, ItemError>,
) -> Result<QueuedItem<T>, CallbackError> {
    let item = decode(arrived.raw).map_err(CallbackError::Item)?;
    let held = arrived.held;
    Ok(QueuedItem { item, held })
}

/// An item, which counts as waiting until it is taken from the queue.
struct QueuedItem<T> {
    item: T,
    held: Option<Held>,
}

/// The place of a channel, and its item or end.
type Entry<T> = (usize, Option<QueuedItem<T>>);

/// Items of several channels as they come: see [`MultiChannel::make_receive_queue`].
///
/// It ends when all its channels have. Iterating gives what comes until then.
#[derive(Debug)]
pub struct ReceiveQueue<T = Item> {
    entries: Receiver<Entry<T>>,
    channels: Vec<Channel>,
}

impl<T> ReceiveQueue<T> {
    /// Waits for the next item, or the next end of a channel where end markers were asked for.
    ///
    /// # Errors
    ///
    /// All channels have ended.
    pub fn receive(&self) -> Result<(Channel, Option<T>), ReceiveError> {
        let entry = self.entries.recv().map_err(|_| ReceiveError::Closed)?;
        self.entry(entry)
    }

    /// As [`receive`](Self::receive), for no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As there, or [`ReceiveError::Timeout`].
    pub fn receive_timeout(&self, timeout: Duration) -> Result<(Channel, Option<T>), ReceiveError> {
        let entry = self.entries.recv_timeout(timeout);
        self.entry(entry.map_err(|error| match error {
            RecvTimeoutError::Timeout => ReceiveError::Timeout,
            RecvTimeoutError::Disconnected => ReceiveError::Closed,
        })?)
    }

    /// What is next if it is there, `None` if there is nothing yet.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    #[allow(clippy::type_complexity, reason = "what receive gives, if it is there")]
    pub fn try_receive(&self) -> Result<Option<(Channel, Option<T>)>, ReceiveError> {
        match self.entries.try_recv() {
            Ok(entry) => self.entry(entry).map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(ReceiveError::Closed),
        }
    }

    fn entry(&self, (index, queued): Entry<T>) -> Result<(Channel, Option<T>), ReceiveError> {
        // The places in it are those of `channels`.
        let channel = self.channels.get(index).ok_or(ReceiveError::Closed)?;
        let item = queued.map(|QueuedItem { item, held }| {
            drop(held);
            item
        });
        Ok((channel.clone(), item))
    }
}

impl<T> Iterator for ReceiveQueue<T> {
    type Item = (Channel, Option<T>);

    fn next(&mut self) -> Option<Self::Item> {
        self.receive().ok()
    }
}
