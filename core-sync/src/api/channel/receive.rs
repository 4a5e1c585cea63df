//! Receiving from a channel, and waiting for its end.

use alloc::vec::Vec;
use core::time::Duration;

use super::Channel;
use crate::api::{Gateway, Item};
use crate::engine::{Effects, TakenItem, WaitFor};
use crate::error::{ItemError, ReceiveError, WaitCloseError};
use crate::item::RawItem;
use crate::pickle;
use crate::sync::Deadline;

impl Channel {
    /// Waits for the next item.
    ///
    /// # Errors
    ///
    /// The channel ended, with or without an error, the connection is lost, or the item cannot be decoded. Items that
    /// arrived before the end are received first.
    pub fn receive(&self) -> Result<Item, ReceiveError> {
        self.receive_until(Deadline::NEVER)
    }

    /// As [`receive`](Self::receive), for at most `timeout`.
    ///
    /// The timeout covers the wait until the item has arrived completely. The item is decoded after that, in this
    /// thread, in time proportional to its size, which the gateway's limit on payloads bounds; so this call can return
    /// later than `timeout`, by the time of decoding one item.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive), or [`ReceiveError::Timeout`], after which the channel is still open.
    pub fn receive_timeout(&self, timeout: Duration) -> Result<Item, ReceiveError> {
        self.receive_until(Deadline::after(timeout))
    }

    /// Takes the next item if it has arrived; `None` if no item has arrived yet.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive).
    pub fn try_receive(&self) -> Result<Option<Item>, ReceiveError> {
        // With a deadline that has passed, the wait is never reached: this call does not read the link.
        match self.receive_until(Deadline::now()) {
            Ok(item) => Ok(Some(item)),
            Err(ReceiveError::Timeout) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Waits for the next item, for at most `timeout`, and returns its encoded value: for code that decodes it without a
    /// [`Value`](execnet_serializer::Value) in between. Channels that it names are closed.
    ///
    /// # Errors
    ///
    /// As [`receive`](Self::receive). The value itself is not decoded, but a pickle becomes opcodes, which can fail.
    #[doc(hidden)]
    pub fn receive_payload(&self, timeout: Option<Duration>) -> Result<Vec<u8>, ReceiveError> {
        Ok(self.receive_raw(Deadline::after_optional(timeout))?.payload)
    }

    pub(crate) fn receive_until(&self, deadline: Deadline) -> Result<Item, ReceiveError> {
        let raw = self.receive_raw(deadline)?;
        Item::decode(raw).map_err(ReceiveError::Item)
    }

    /// Waits for the next item, and does not decode it.
    pub(crate) fn receive_raw(&self, deadline: Deadline) -> Result<RawItem<Self>, ReceiveError> {
        let shared = self.gateway().shared();
        // Declared before the guard and dropped after it: no lock is held when its content is dropped. Not through
        // `update`, because the wait gives the lock away and takes it again.
        let mut effects = Effects::default();
        let mut state = shared.state.lock();
        loop {
            // In the loop: a callback that is set while this thread waits takes the items from then on.
            if state.has_callback(self.id()) {
                return Err(ReceiveError::HasCallback);
            }
            if let Some(taken) = shared.take_item(&mut state, self.id(), &mut effects) {
                // Unlocked, as effects and dropped handles run code that takes locks.
                drop(state);
                // The error is that no thread can be started: then this thread has written the frames.
                let _ = shared.run_effects(effects);
                return Self::raw(self.gateway(), taken).map_err(ReceiveError::Item);
            }
            // After the items, and under the same lock: the last item cannot arrive between the two looks.
            if let Some(end) = state.no_item(self.id()) {
                return Err(end);
            }
            if deadline.has_passed() {
                return Err(ReceiveError::Timeout);
            }
            state = shared.wait_item(state, &self.inner.condvars, self.id(), deadline);
        }
    }

    /// A taken item, with handles of the channels that it names.
    pub(crate) fn raw(gateway: &Gateway, taken: TakenItem) -> Result<RawItem<Self>, ItemError> {
        let mut queued = taken.queued;
        // The session has counted a handle for each of these channels already: each must be made, as its drop takes the
        // count back.
        let channels = queued.references.iter().zip(taken.condvars);
        let channels = channels
            .map(|(&id, condvars)| Self::new(gateway.clone(), id, condvars))
            .collect();
        let config = &gateway.shared().config;
        let was_pickle = config.pickles && pickle::is_pickle(&queued.payload);
        if was_pickle {
            queued.payload = pickle::to_opcodes(&queued.payload, config.limits)?;
        }
        let mut raw = RawItem::new(queued, channels, config.limits)?;
        raw.was_pickle = was_pickle;
        Ok(raw)
    }

    /// Waits until no more items can arrive on the channel, and its callback, if there is one, has seen the end.
    ///
    /// # Errors
    ///
    /// The channel was closed with an error that was not received yet, the callback failed, or the connection is lost.
    pub fn wait_close(&self) -> Result<(), WaitCloseError> {
        self.wait_close_until(Deadline::NEVER)
    }

    /// As [`wait_close`](Self::wait_close), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// As there, or [`WaitCloseError::Timeout`].
    pub fn wait_close_timeout(&self, timeout: Duration) -> Result<(), WaitCloseError> {
        self.wait_close_until(Deadline::after(timeout))
    }

    pub(crate) fn wait_close_until(&self, deadline: Deadline) -> Result<(), WaitCloseError> {
        let shared = self.gateway().shared();
        let mut state = shared.state.lock();
        loop {
            // Before the deadline: an end that has come is returned also with a timeout of zero.
            if let Some(end) = state.end_of(self.id()) {
                return end;
            }
            if deadline.has_passed() {
                return Err(WaitCloseError::Timeout);
            }
            let condvars = &self.inner.condvars;
            state = condvars.wait(WaitFor::End, shared, state, deadline);
        }
    }

    /// Receives items until the channel ends. A clean end ends the iteration. Other errors are returned, and those that
    /// end the channel are the last element.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            channel: self,
            ended: false,
        }
    }
}

/// The items of a channel: see [`Channel::iter`].
#[derive(Debug)]
pub struct Iter<'a> {
    channel: &'a Channel,
    ended: bool,
}

impl Iterator for Iter<'_> {
    type Item = Result<Item, ReceiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        next_item(&mut self.ended, || self.channel.receive())
    }
}

/// A step of an iterator over items.
pub(crate) fn next_item<T>(
    ended: &mut bool,
    receive: impl FnOnce() -> Result<T, ReceiveError>,
) -> Option<Result<T, ReceiveError>> {
    if *ended {
        return None;
    }
    let received = receive();
    // An item that cannot be decoded is skipped, and the channel stays open.
    *ended = !matches!(received, Ok(_) | Err(ReceiveError::Item(_)));
    match received {
        Err(ReceiveError::Closed) => None,
        received => Some(received),
    }
}

impl core::iter::FusedIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Channel {
    type Item = Result<Item, ReceiveError>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}
