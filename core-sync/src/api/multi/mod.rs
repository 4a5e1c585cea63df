//! Several channels used as one.

mod errors;
mod queue;

pub use errors::{MultiError, MultiErrors};
pub use queue::ReceiveQueue;

use alloc::vec::Vec;
use core::ops::Index;
use core::time::Duration;

use execnet_serializer::Dump;

use crate::api::Item;
use crate::api::channel::Channel;
use crate::error::{ReceiveError, SendError, WaitCloseError};
use crate::sync::Deadline;

/// Several channels, often of several gateways, that are used together. They keep their order.
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
    /// Combines these channels.
    #[must_use]
    pub fn new(channels: Vec<Channel>) -> Self {
        Self { channels }
    }

    /// Number of channels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    /// Whether there are no channels.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty()
    }

    /// The channel at this index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&Channel> {
        self.channels.get(index)
    }

    /// Whether this channel is among them.
    #[must_use]
    pub fn contains(&self, channel: &Channel) -> bool {
        self.channels.contains(channel)
    }

    /// The channels, in order.
    pub fn iter(&self) -> core::slice::Iter<'_, Channel> {
        self.channels.iter()
    }

    /// Sends the item on each channel. A channel that fails does not keep the item from later ones.
    ///
    /// # Errors
    ///
    /// The errors of all channels that failed.
    pub fn send_each(&self, item: impl Dump) -> Result<(), MultiErrors<SendError>> {
        self.on_all(|channel| channel.send(&item))
    }

    /// Waits for one item of each channel. Returns a result for each, in the order of the channels: if a channel fails,
    /// the items of the others are not lost.
    ///
    /// ```no_run
    /// # fn example(channels: execnet_core_sync::MultiChannel) -> Result<(), Box<dyn std::error::Error>> {
    /// // All items, or the first error.
    /// let items: Vec<_> = channels.receive_each().into_iter().collect::<Result<_, _>>()?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "contains the received items"]
    pub fn receive_each(&self) -> Vec<Result<Item, MultiError<ReceiveError>>> {
        let receive = |channel: &Channel| channel.receive().map_err(|error| of(channel, error));
        self.iter().map(receive).collect()
    }

    /// As [`receive_each`](Self::receive_each), with the channel of each result.
    #[must_use = "contains the received items"]
    pub fn receive_each_with_channel(&self) -> Vec<(Channel, Result<Item, ReceiveError>)> {
        let receive = |channel: &Channel| (channel.clone(), channel.receive());
        self.iter().map(receive).collect()
    }

    /// Waits for the end of all channels.
    ///
    /// # Errors
    ///
    /// The errors of all channels that failed, when all have ended.
    pub fn wait_close(&self) -> Result<(), MultiErrors<WaitCloseError>> {
        self.wait_close_until(Deadline::NEVER)
    }

    /// As [`wait_close`](Self::wait_close), for at most `timeout` for all of them together.
    ///
    /// # Errors
    ///
    /// As [`wait_close`](Self::wait_close), and [`WaitCloseError::Timeout`] for each channel that has not ended by then.
    pub fn wait_close_timeout(&self, timeout: Duration) -> Result<(), MultiErrors<WaitCloseError>> {
        self.wait_close_until(Deadline::after(timeout))
    }

    fn wait_close_until(&self, deadline: Deadline) -> Result<(), MultiErrors<WaitCloseError>> {
        self.on_all(|channel| channel.wait_close_until(deadline))
    }

    /// Applies an operation to each channel.
    fn on_all<E>(&self, apply: impl Fn(&Channel) -> Result<(), E>) -> Result<(), MultiErrors<E>> {
        let failed = |channel| apply(channel).err().map(|error| of(channel, error));
        let errors: Vec<_> = self.iter().filter_map(failed).collect();
        match errors.is_empty() {
            true => Ok(()),
            false => Err(MultiErrors::new(errors)),
        }
    }
}

fn of<E>(channel: &Channel, error: E) -> MultiError<E> {
    let channel = channel.clone();
    MultiError { channel, error }
}

/// # Panics
///
/// If the index is out of bounds, as for slices; [`get`](MultiChannel::get) does not panic.
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
