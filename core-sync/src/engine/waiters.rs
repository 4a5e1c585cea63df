//! How threads wait for an event of a channel, and how they are notified.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::delivery::Delivery;
use super::shared::Shared;
use super::state::State;
use crate::sync::{Condvar, Deadline, Guard};

/// Kept with each channel in the session: how the threads that wait on it are woken, and what takes its items.
#[derive(Default)]
pub(crate) struct ChannelWaiters {
    condvars: Arc<ChannelCondvars>,
    pub(super) delivery: Delivery,
}

/// The condition variables of a channel. Every handle holds them, so that waiting and notifying need no lookup, and
/// they live for as long as a thread can wait.
///
/// There is one for each event, so that `notify_one` for an item reaches a receiver. A shared one could wake a thread that
/// waits for the end, and the receiver would keep sleeping.
#[derive(Debug, Default)]
pub(crate) struct ChannelCondvars {
    item: Condvar,
    end: Condvar,
    room: Condvar,
}

/// Notifications to send once no lock is held: a thread that is woken under the lock would block on it at once.
#[derive(Debug, Default)]
#[must_use]
pub(super) struct Notifications(Vec<Notification>);

#[derive(Debug)]
struct Notification {
    condvars: Arc<ChannelCondvars>,
    items: usize,
    room: bool,
    end: bool,
}

/// The event that a thread waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitFor {
    Item,
    Room,
    End,
}

/// Number of pending notifications searched for one of the same channel.
const RECENT: usize = 8;

impl ChannelWaiters {
    pub(super) fn condvars(&self) -> Arc<ChannelCondvars> {
        self.condvars.clone()
    }

    /// Adds the notification of an event, if threads wait for it. Returns whether the channel has to be queued for its
    /// callback.
    pub(super) fn notify(&mut self, event: WaitFor, notifications: &mut Notifications) -> bool {
        let condvars = &self.condvars;
        let waiting = match event {
            WaitFor::Item => condvars.item.has_waiters(),
            WaitFor::Room => condvars.room.has_waiters(),
            // The end is the last event of a channel: nothing else would wake threads that wait for an item or for room.
            WaitFor::End => {
                condvars.item.has_waiters()
                    || condvars.room.has_waiters()
                    || condvars.end.has_waiters()
            }
        };
        if waiting {
            notifications.add(condvars, event);
        }
        // Room is for senders: there is nothing to call a callback with.
        event != WaitFor::Room && self.delivery.queue()
    }
}

impl Notifications {
    fn add(&mut self, condvars: &Arc<ChannelCondvars>, event: WaitFor) {
        let same = |notification: &&mut Notification| Arc::ptr_eq(&notification.condvars, condvars);
        // Notifications of one channel mostly come in a row. Searching all of them would be quadratic when the link
        // ends and 10,000 threads wait, and save a few system calls at best. A second notification of one channel is
        // harmless.
        if let Some(notification) = self.0.iter_mut().rev().take(RECENT).find(same) {
            return notification.add(event);
        }
        let mut notification = Notification {
            condvars: condvars.clone(),
            items: 0,
            room: false,
            end: false,
        };
        notification.add(event);
        self.0.push(notification);
    }

    /// Whether a receiver gets an item.
    pub(super) fn has_item(&self) -> bool {
        self.0.iter().any(|notification| notification.items > 0)
    }

    pub(super) fn notify(self) {
        self.0.into_iter().for_each(Notification::notify);
    }
}

impl Notification {
    fn add(&mut self, event: WaitFor) {
        match event {
            WaitFor::Item => self.items += 1,
            WaitFor::Room => self.room = true,
            WaitFor::End => self.end = true,
        }
    }

    fn notify(self) {
        match self.items {
            0 if !self.end => {}
            // One item is for one receiver: of several that are woken, all but one would go back to sleep. If a
            // receiver that was not waiting takes the item first, the woken one waits again, and nothing is lost.
            1 if !self.end => self.condvars.item.notify_one(),
            _ => self.condvars.item.notify_all(),
        }
        if self.room || self.end {
            self.condvars.room.notify_all();
        }
        if self.end {
            self.condvars.end.notify_all();
        }
    }
}

impl ChannelCondvars {
    /// Waits for an event of the channel, or its end.
    pub(crate) fn wait<'a>(
        &self,
        event: WaitFor,
        shared: &Shared,
        state: Guard<'a, State>,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        let condvar = match event {
            WaitFor::Item => &self.item,
            WaitFor::Room => &self.room,
            WaitFor::End => &self.end,
        };
        shared.wait(condvar, state, deadline)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use core::time::Duration;
    use std::time::Instant;

    use super::*;

    /// The link ends while a thread waits on each of `count` channels.
    fn end(count: usize) -> Duration {
        let mut all_waiters: Vec<ChannelWaiters> = Vec::new();
        all_waiters.resize_with(count, ChannelWaiters::default);
        let mut notifications = Notifications::default();
        let begin = Instant::now();
        for waiters in &mut all_waiters {
            waiters.condvars.item.add_waiter();
            waiters.notify(WaitFor::End, &mut notifications);
        }
        let took = begin.elapsed();
        assert_eq!(notifications.0.len(), count);
        took
    }

    #[test]
    fn the_end_of_a_link_costs_each_waiting_thread_the_same() {
        // The shortest of some. As many threads wait in both cases, so that other processes hold up both for as long.
        let rounds = |rounds: usize, count| (0..rounds).map(|_| end(count)).sum::<Duration>();
        let shortest = |ends, count| (0..5).map(|_| rounds(ends, count)).min().unwrap();
        let (few, many) = (shortest(32, 1_000), shortest(1, 32_000));
        // By the square it would be 32 times.
        assert!(many < few * 10, "{few:?} for 32 ends, {many:?} for one");
    }

    #[test]
    fn notifications_of_a_channel_are_given_together() {
        let (mut one, mut other) = (ChannelWaiters::default(), ChannelWaiters::default());
        one.condvars.item.add_waiter();
        other.condvars.item.add_waiter();
        let mut notifications = Notifications::default();
        for _ in 0..2 {
            one.notify(WaitFor::Item, &mut notifications);
            other.notify(WaitFor::Item, &mut notifications);
        }
        assert_eq!(notifications.0.len(), 2);
        assert!(
            notifications
                .0
                .iter()
                .all(|notification| notification.items == 2)
        );
    }
}
