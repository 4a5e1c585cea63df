use alloc::sync::Arc;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::delivery::Delivery;
use super::shared::Shared;
use super::state::State;
use crate::error::CallbackError;
use crate::sync::{Condvar, Deadline, Guard};

/// What the session keeps with a channel for those who wait on it.
#[derive(Default)]
pub(crate) struct ChannelWaiters {
    bell: Arc<ChannelCondvars>,
    receivers: usize,
    closers: usize,
    senders: usize,
    pub(super) delivery: Delivery,
}

/// Where threads wait on a channel. Every handle holds it, so that waiting needs no look-up.
///
/// There are several so that the notification of an item reaches one who receives, never one who waits for
/// something else.
#[derive(Debug, Default)]
pub(crate) struct ChannelCondvars {
    item: Condvar,
    end: Condvar,
    room: Condvar,
}

/// Notifications that are due. They are given when no lock is held any more, so that who wakes does not run into
/// the lock; and only where somebody waits, as each is a system call.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct Notifications(Vec<Notification>);

#[derive(Debug)]
struct Notification {
    bell: Arc<ChannelCondvars>,
    items: usize,
    room: bool,
    end: bool,
}

/// What somebody waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WaitFor {
    Item,
    Room,
    End,
}

/// How many notifications are looked at for one of the same channel.
const RECENT: usize = 8;

impl ChannelWaiters {
    pub(super) fn bell(&self) -> Arc<ChannelCondvars> {
        self.bell.clone()
    }

    /// Something happened that those who wait can go on for. True where a callback is to be called.
    pub(super) fn ring(&mut self, ring: WaitFor, wakes: &mut Notifications) -> bool {
        let waiting = match ring {
            WaitFor::Item => self.receivers,
            WaitFor::Room => self.senders,
            WaitFor::End => self.receivers + self.closers + self.senders,
        };
        if waiting > 0 {
            wakes.add(&self.bell, ring);
        }
        ring != WaitFor::Room && self.delivery.ring()
    }

    /// Whether items go to a callback.
    pub(crate) fn has_callback(&self) -> bool {
        self.delivery.has_callback()
    }

    /// Whether a callback has not seen the end yet.
    pub(crate) fn is_called(&self) -> bool {
        self.delivery.is_called()
    }

    /// Why the callback failed.
    pub(crate) fn callback_error(&self) -> Option<&CallbackError> {
        self.delivery.error()
    }
}

impl Notifications {
    fn add(&mut self, bell: &Arc<ChannelCondvars>, ring: WaitFor) {
        let same = |wake: &&mut Notification| Arc::ptr_eq(&wake.bell, bell);
        // Those of one channel mostly come in a row. Looking further back would cost the square of their number where the
        // link ends and 10,000 threads wait, and save a few system calls at best.
        if let Some(wake) = self.0.iter_mut().rev().take(RECENT).find(same) {
            return wake.add(ring);
        }
        let mut wake = Notification {
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
        self.0.into_iter().for_each(Notification::notify);
    }
}

impl Notification {
    fn add(&mut self, ring: WaitFor) {
        match ring {
            WaitFor::Item => self.items += 1,
            WaitFor::Room => self.room = true,
            WaitFor::End => self.end = true,
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

impl ChannelCondvars {
    /// Waits for an item, or the end, of the channel.
    pub(super) fn wait_item<'a>(
        &self,
        shared: &Shared,
        state: Guard<'a, State>,
        id: ChannelId,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        wait(&self.item, shared, state, id, deadline, |waiters| {
            &mut waiters.receivers
        })
    }

    /// Waits for the end of the channel.
    pub(crate) fn wait_end<'a>(
        &self,
        shared: &Shared,
        state: Guard<'a, State>,
        id: ChannelId,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        wait(&self.end, shared, state, id, deadline, |waiters| {
            &mut waiters.closers
        })
    }

    /// Waits until more may be sent on the channel, or its end.
    pub(crate) fn wait_room<'a>(
        &self,
        shared: &Shared,
        state: Guard<'a, State>,
        id: ChannelId,
    ) -> Guard<'a, State> {
        wait(&self.room, shared, state, id, Deadline::NEVER, |waiters| {
            &mut waiters.senders
        })
    }
}

/// Waits, and is counted among those who wait for the same as long as that takes.
fn wait<'a>(
    condvar: &Condvar,
    shared: &Shared,
    mut state: Guard<'a, State>,
    id: ChannelId,
    deadline: Deadline,
    waiting: fn(&mut ChannelWaiters) -> &mut usize,
) -> Guard<'a, State> {
    state.count(id, |waiters| *waiting(waiters) += 1);
    let mut state = shared.wait(condvar, state, deadline);
    state.count(id, |waiters| *waiting(waiters) -= 1);
    state
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use std::time::Instant;

    use super::*;

    /// The link ends while a thread waits on each of `count` channels.
    fn end(count: usize) -> core::time::Duration {
        let mut wakers: Vec<ChannelWaiters> = Vec::new();
        wakers.resize_with(count, ChannelWaiters::default);
        let mut wakes = Notifications::default();
        let begin = Instant::now();
        for waker in &mut wakers {
            waker.receivers = 1;
            waker.ring(WaitFor::End, &mut wakes);
        }
        let took = begin.elapsed();
        assert_eq!(wakes.0.len(), count);
        took
    }

    #[test]
    fn the_end_of_a_link_costs_each_waiting_thread_the_same() {
        // The shortest of some, which no other process has held up.
        let shortest = |count| (0..5).map(|_| end(count)).min();
        let (few, many) = (shortest(1_000).unwrap(), shortest(32_000).unwrap());
        // By the square it would be a thousand times.
        assert!(many < few * 320, "{few:?} for 1,000, {many:?} for 32,000");
    }

    #[test]
    fn notifications_of_a_channel_are_given_together() {
        let (mut one, mut other) = (ChannelWaiters::default(), ChannelWaiters::default());
        (one.receivers, other.receivers) = (1, 1);
        let mut wakes = Notifications::default();
        for _ in 0..2 {
            one.ring(WaitFor::Item, &mut wakes);
            other.ring(WaitFor::Item, &mut wakes);
        }
        assert_eq!(wakes.0.len(), 2);
        assert!(wakes.0.iter().all(|wake| wake.items == 2));
    }
}
