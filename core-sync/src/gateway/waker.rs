use alloc::sync::Arc;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::callback::Callback;
use super::shared::Shared;
use super::state::State;
use crate::error::CallbackError;
use crate::sync::{Condvar, Deadline, Guard};

/// What the session keeps with a channel for those who wait on it.
#[derive(Debug, Default)]
pub(crate) struct Waker {
    bell: Arc<Bell>,
    receivers: usize,
    closers: usize,
    senders: usize,
    pub(super) sink: Sink,
}

/// Who takes the items of a channel.
#[derive(Debug, Default)]
pub(super) enum Sink {
    /// Receivers.
    #[default]
    Receivers,
    /// A callback, which has nothing to do.
    Idle(Callback),
    /// A callback, whose channel is in the queue of the thread that calls.
    Due(Callback),
    /// A callback, which is being called.
    Called,
    /// A callback that has seen the end, or failed.
    Done(Option<CallbackError>),
}

/// Where threads wait on a channel. Every handle holds it, so that waiting needs no look-up.
///
/// There are several so that the notification of an item reaches one who receives, never one who waits for
/// something else.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    item: Condvar,
    end: Condvar,
    room: Condvar,
}

/// Notifications that are due. They are given when no lock is held any more, so that who wakes does not run into
/// the lock; and only where somebody waits, as each is a system call.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct Wakes(Vec<Wake>);

#[derive(Debug)]
struct Wake {
    bell: Arc<Bell>,
    items: usize,
    room: bool,
    end: bool,
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ring {
    Item,
    Room,
    End,
}

impl Waker {
    pub(super) fn bell(&self) -> Arc<Bell> {
        self.bell.clone()
    }

    /// Something happened that those who wait can go on for. True where a callback is to be called.
    pub(super) fn ring(&mut self, ring: Ring, wakes: &mut Wakes) -> bool {
        let waiting = match ring {
            Ring::Item => self.receivers,
            Ring::Room => self.senders,
            Ring::End => self.receivers + self.closers + self.senders,
        };
        if waiting > 0 {
            wakes.add(&self.bell, ring);
        }
        ring != Ring::Room && self.make_due()
    }

    fn make_due(&mut self) -> bool {
        match core::mem::take(&mut self.sink) {
            Sink::Idle(callback) => {
                self.sink = Sink::Due(callback);
                true
            }
            other => {
                self.sink = other;
                false
            }
        }
    }

    /// Whether items go to receivers.
    pub(crate) fn has_callback(&self) -> bool {
        !matches!(self.sink, Sink::Receivers)
    }

    /// Whether a callback has not seen the end yet.
    pub(crate) fn is_called(&self) -> bool {
        !matches!(self.sink, Sink::Receivers | Sink::Done(_))
    }

    /// Why the callback failed.
    pub(crate) fn callback_error(&self) -> Option<&CallbackError> {
        match &self.sink {
            Sink::Done(error) => error.as_ref(),
            _ => None,
        }
    }
}

impl Wakes {
    fn add(&mut self, bell: &Arc<Bell>, ring: Ring) {
        let same = |wake: &&mut Wake| Arc::ptr_eq(&wake.bell, bell);
        // Those of one channel mostly come in a row.
        if let Some(wake) = self.0.iter_mut().rev().find(same) {
            return wake.add(ring);
        }
        let mut wake = Wake {
            bell: bell.clone(),
            items: 0,
            room: false,
            end: false,
        };
        wake.add(ring);
        self.0.push(wake);
    }

    /// Whether somebody gets an item.
    pub(super) fn has_item(&self) -> bool {
        self.0.iter().any(|wake| wake.items > 0)
    }

    pub(super) fn notify(self) {
        self.0.into_iter().for_each(Wake::notify);
    }
}

impl Wake {
    fn add(&mut self, ring: Ring) {
        match ring {
            Ring::Item => self.items += 1,
            Ring::Room => self.room = true,
            Ring::End => self.end = true,
        }
    }

    fn notify(self) {
        match self.items {
            0 if !self.end => {}
            1 if !self.end => self.bell.item.notify_one(),
            _ => self.bell.item.notify_all(),
        }
        if self.room || self.end {
            self.bell.room.notify_all();
        }
        if self.end {
            self.bell.end.notify_all();
        }
    }
}

impl Bell {
    /// Waits for an item, or the end, of the channel.
    pub(super) fn wait_item<'a>(
        &self,
        shared: &Shared,
        mut state: Guard<'a, State>,
        id: ChannelId,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        state.count(id, |waker| waker.receivers += 1);
        let mut state = shared.wait(&self.item, state, deadline);
        state.count(id, |waker| waker.receivers -= 1);
        state
    }

    /// Waits for the end of the channel.
    pub(crate) fn wait_end<'a>(
        &self,
        shared: &Shared,
        mut state: Guard<'a, State>,
        id: ChannelId,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        state.count(id, |waker| waker.closers += 1);
        let mut state = shared.wait(&self.end, state, deadline);
        state.count(id, |waker| waker.closers -= 1);
        state
    }

    /// Waits until more may be sent on the channel, or its end.
    pub(crate) fn wait_room<'a>(
        &self,
        shared: &Shared,
        mut state: Guard<'a, State>,
        id: ChannelId,
    ) -> Guard<'a, State> {
        state.count(id, |waker| waker.senders += 1);
        let mut state = shared.wait(&self.room, state, Deadline::NEVER);
        state.count(id, |waker| waker.senders -= 1);
        state
    }
}
