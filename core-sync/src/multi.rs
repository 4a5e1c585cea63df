//! Several channels used as one.

use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::ops::Index;
use core::time::Duration;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};

use execnet_serializer::Dump;

use crate::Item;
use crate::channel::Channel;
use crate::error::{ReceiveError, SendError, SetCallbackError, WaitCloseError};
use crate::report::report;
use crate::sync::Deadline;

/// Channels, often of several gateways, that are sent to and received from together. Their order stays.
///
/// ```no_run
/// # fn example(gateways: Vec<execnet_core_sync::Gateway>) -> Result<(), Box<dyn std::error::Error>> {
/// use execnet_core_sync::MultiChannel;
///
/// let channels = gateways.iter().map(|gateway| gateway.remote_exec("channel.send(channel.receive() + 1)"));
/// let channels: MultiChannel = channels.collect::<Result<_, _>>()?;
/// channels.send_each(41)?;
/// for received in channels.receive_each() {
///     assert_eq!(received?.as_i64(), Some(42));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MultiChannel {
    channels: Vec<Channel>,
}

impl MultiChannel {
    /// These channels as one.
    #[must_use]
    pub fn new(channels: Vec<Channel>) -> Self {
        Self { channels }
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    /// The channel at this place.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Channel> {
        self.channels.get(index)
    }

    /// Whether this channel is one of them.
    #[must_use]
    pub fn contains(&self, channel: &Channel) -> bool {
        self.channels.contains(channel)
    }

    /// The channels, in their order.
    pub fn iter(&self) -> core::slice::Iter<'_, Channel> {
        self.channels.iter()
    }

    /// Sends the item on each channel, also on those behind one where that fails.
    ///
    /// # Errors
    ///
    /// Those of all channels that failed.
    pub fn send_each(&self, item: impl Dump) -> Result<(), MultiErrors<SendError>> {
        self.on_all(|channel| channel.send(&item))
    }

    /// Waits for one item of each channel, and gives a result for each, in the order of the channels: where one fails, what
    /// the others received is not lost.
    ///
    /// ```no_run
    /// # fn example(channels: execnet_core_sync::MultiChannel) -> Result<(), Box<dyn std::error::Error>> {
    /// // All of them, or the first error.
    /// let items: Vec<_> = channels.receive_each().into_iter().collect::<Result<_, _>>()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "it has the items that were received"]
    pub fn receive_each(&self) -> Vec<Result<Item, MultiError<ReceiveError>>> {
        let receive = |channel: &Channel| channel.receive().map_err(|error| of(channel, error));
        self.iter().map(receive).collect()
    }

    /// As [`receive_each`](Self::receive_each), with the channel of each result.
    #[must_use = "it has the items that were received"]
    pub fn receive_each_with_channel(&self) -> Vec<(Channel, Result<Item, ReceiveError>)> {
        let receive = |channel: &Channel| (channel.clone(), channel.receive());
        self.iter().map(receive).collect()
    }

    /// A queue that the items of all channels go to as they come, those that wait already first. Receiving from the
    /// channels themselves is an error afterwards.
    ///
    /// # Errors
    ///
    /// A channel has a callback already, or had one: then no channel is changed. Or the thread that fills the queue cannot be
    /// started: then the channels in front of it stay with a queue that nobody reads.
    pub fn make_receive_queue(&self) -> Result<ReceiveQueue, MultiError<SetCallbackError>> {
        self.queue(|channel, index, sender| {
            channel.set_callback(move |item| drop(sender.send((index, Some(item)))))
        })
    }

    /// As [`make_receive_queue`](Self::make_receive_queue), with an end marker for each channel: when it has ended,
    /// its last entry has no item.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn make_receive_queue_with_endmarkers(
        &self,
    ) -> Result<ReceiveQueue, MultiError<SetCallbackError>> {
        self.queue(|channel, index, sender| {
            channel.set_callback_with_endmarker(move |item| drop(sender.send((index, item))))
        })
    }

    fn queue(
        &self,
        install: impl Fn(&Channel, usize, Sender<Entry>) -> Result<(), SetCallbackError>,
    ) -> Result<ReceiveQueue, MultiError<SetCallbackError>> {
        // What went to the queue of some would be lost with it.
        if let Some(channel) = self.iter().find(|channel| channel.has_callback()) {
            return Err(of(channel, SetCallbackError::HasCallback));
        }
        let (sender, entries) = channel();
        for (index, channel) in self.iter().enumerate() {
            let installed = install(channel, index, sender.clone());
            installed.map_err(|error| of(channel, error))?;
        }
        let channels = self.channels.clone();
        Ok(ReceiveQueue { entries, channels })
    }

    /// Waits for the end of all channels, for no longer than `timeout` together; `None` waits for as long as it takes.
    ///
    /// # Errors
    ///
    /// Those of all channels that failed, once all are done.
    pub fn wait_close(&self, timeout: Option<Duration>) -> Result<(), MultiErrors<WaitCloseError>> {
        let deadline = timeout.map_or(Deadline::NEVER, Deadline::after);
        self.on_all(|channel| channel.wait_close_until(deadline))
    }

    /// Does it on each channel.
    fn on_all<E>(&self, does: impl Fn(&Channel) -> Result<(), E>) -> Result<(), MultiErrors<E>> {
        let failed = |channel| does(channel).err().map(|error| of(channel, error));
        let errors: Vec<_> = self.iter().filter_map(failed).collect();
        match errors.is_empty() {
            true => Ok(()),
            false => Err(MultiErrors { errors }),
        }
    }
}

fn of<E>(channel: &Channel, error: E) -> MultiError<E> {
    let channel = channel.clone();
    MultiError { channel, error }
}

/// # Panics
///
/// Where there is no channel of this place, as with slices; [`get`](MultiChannel::get) does not.
impl Index<usize> for MultiChannel {
    type Output = Channel;

    fn index(&self, index: usize) -> &Channel {
        &self.channels[index]
    }
}

impl FromIterator<Channel> for MultiChannel {
    fn from_iter<I: IntoIterator<Item = Channel>>(channels: I) -> Self {
        Self::new(channels.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a MultiChannel {
    type Item = &'a Channel;
    type IntoIter = core::slice::Iter<'a, Channel>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for MultiChannel {
    type Item = Channel;
    type IntoIter = alloc::vec::IntoIter<Channel>;

    fn into_iter(self) -> Self::IntoIter {
        self.channels.into_iter()
    }
}

/// The place of a channel, and its item or end.
type Entry = (usize, Option<Item>);

/// Items of several channels as they come: see [`MultiChannel::make_receive_queue`].
///
/// It ends when all its channels have. Iterating gives what comes until then.
#[derive(Debug)]
pub struct ReceiveQueue {
    entries: Receiver<Entry>,
    channels: Vec<Channel>,
}

impl ReceiveQueue {
    /// Waits for the next item, or the next end of a channel where end markers were asked for.
    ///
    /// # Errors
    ///
    /// All channels have ended.
    pub fn receive(&self) -> Result<(Channel, Option<Item>), ReceiveError> {
        let entry = self.entries.recv().map_err(|_| ReceiveError::Closed)?;
        self.entry(entry)
    }

    /// As [`receive`](Self::receive), for no longer than `timeout`.
    ///
    /// # Errors
    ///
    /// As there, or [`ReceiveError::Timeout`].
    pub fn receive_timeout(
        &self,
        timeout: Duration,
    ) -> Result<(Channel, Option<Item>), ReceiveError> {
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
    pub fn try_receive(&self) -> Result<Option<(Channel, Option<Item>)>, ReceiveError> {
        match self.entries.try_recv() {
            Ok(entry) => self.entry(entry).map(Some),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(ReceiveError::Closed),
        }
    }

    fn entry(&self, (index, item): Entry) -> Result<(Channel, Option<Item>), ReceiveError> {
        // The places in it are those of `channels`.
        let channel = self.channels.get(index).ok_or(ReceiveError::Closed)?;
        Ok((channel.clone(), item))
    }
}

impl Iterator for ReceiveQueue {
    type Item = (Channel, Option<Item>);

    fn next(&mut self) -> Option<Self::Item> {
        self.receive().ok()
    }
}

/// What one of several channels gave.
#[derive(Clone, PartialEq, Eq)]
pub struct MultiError<E> {
    /// The channel.
    pub channel: Channel,
    /// Its error.
    pub error: E,
}

impl<E: fmt::Display> fmt::Display for MultiError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, gateway) = (self.channel.id(), self.channel.gateway().id());
        let gateway = gateway.escape_debug();
        write!(f, "channel {} of gateway '{gateway}': {}", id.0, self.error)
    }
}

impl<E: Error> Error for MultiError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl<E: Error> fmt::Debug for MultiError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&report(self), f)
    }
}

/// What several channels gave: an error for each that failed, in the order of the channels.
#[derive(Clone, PartialEq, Eq)]
pub struct MultiErrors<E> {
    /// There is one at least.
    errors: Vec<MultiError<E>>,
}

impl<E> MultiErrors<E> {
    /// The errors. There is one at least.
    pub fn iter(&self) -> core::slice::Iter<'_, MultiError<E>> {
        self.errors.iter()
    }
}

impl<E> IntoIterator for MultiErrors<E> {
    type Item = MultiError<E>;
    type IntoIter = alloc::vec::IntoIter<MultiError<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.errors.into_iter()
    }
}

impl<'a, E> IntoIterator for &'a MultiErrors<E> {
    type Item = &'a MultiError<E>;
    type IntoIter = core::slice::Iter<'a, MultiError<E>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The first error, and how many more there are.
impl<E: fmt::Display> fmt::Display for MultiErrors<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, others)) = self.errors.split_first() else {
            return Ok(());
        };
        first.fmt(f)?;
        match others.len() {
            0 => Ok(()),
            count => write!(f, " (and {count} more)"),
        }
    }
}

/// All errors with their causes, one after the other.
impl<E: Error> fmt::Debug for MultiErrors<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        for error in self {
            write!(f, "{between}{}", report(error))?;
            between = "\n\n";
        }
        Ok(())
    }
}

/// The source is that of the first.
impl<E: Error> Error for MultiErrors<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.errors.first()?.source()
    }
}
