//! Effects of a change of the state: whatever must wait until the lock is free.
//!
//! Under the state's lock only the engine's own code may run. Callbacks, executors and destructors of the program's values
//! could come back for the lock. A thread that is woken under the lock would only block on it. So a change collects all of
//! these in [`Effects`], and [`Shared::update`] runs them when the lock is free.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;

use execnet_serializer::ChannelId;

use super::delivery::{Callback, Unused};
use super::executor::Submission;
use super::shared::Shared;
use super::state::State;
use super::threads::{self, WakeAction};
use super::waiters::{ChannelWaiters, Notifications, WaitFor};
use super::{callbacks, writer};
use crate::link::PollReader;
use crate::panics;
use crate::session::{Garbage, Released, Reply};
use crate::sync::{self, Condvar};

/// To be run once the state is unlocked, by [`Shared::run_effects`].
#[derive(Default)]
#[must_use]
pub(crate) struct Effects {
    pub(super) notifications: Notifications,
    pub(super) submissions: Vec<Submission>,
    /// Channels that are gone. They hold values of the program, whose destructors may call into the gateway.
    garbage: Garbage<ChannelWaiters>,
    /// Callbacks that were not needed, kept for the same reason.
    unused: Vec<Callback>,
    /// Interrupts the receiver that reads.
    interrupt: Option<Arc<dyn PollReader>>,
    writer: WakeAction,
    callbacks: WakeAction,
}

impl Effects {
    /// Keeps a callback until the state is unlocked, to drop it then.
    pub(super) fn discard(&mut self, callback: Unused) {
        self.unused.extend(callback);
    }
}

impl State {
    /// Wakes the threads that wait for `event` on a channel, and queues its callback.
    pub(super) fn notify(&mut self, id: ChannelId, event: WaitFor, effects: &mut Effects) {
        // A receiver with a read lease is not counted among the waiting threads. It waits for items and the end only.
        if event != WaitFor::Room {
            effects.interrupt = self.read_role.reads_for(id).or(effects.interrupt.take());
        }
        let waiters = self.session.waiters(id);
        if waiters.is_some_and(|waiters| waiters.notify(event, &mut effects.notifications)) {
            self.queue_callback(id, effects);
        }
    }

    /// Makes a receiver that reads the link return and look at the state again.
    pub(super) fn interrupt_reader(&self, effects: &mut Effects) {
        effects.interrupt = self.read_role.reads().or(effects.interrupt.take());
    }

    /// Queues the channel for the callback thread.
    pub(super) fn queue_callback(&mut self, id: ChannelId, effects: &mut Effects) {
        self.callback_queue.push_back(id);
        effects.callbacks.then(self.callback_thread.wake());
    }

    /// Queues the frames for channels that were given up, and keeps the remains to be dropped unlocked.
    pub(super) fn released(&mut self, released: Released<ChannelWaiters>, effects: &mut Effects) {
        effects.garbage.append(released.garbage);
        self.post(released.replies, effects);
    }

    /// Queues frames for the next write.
    pub(super) fn post(&mut self, replies: impl IntoIterator<Item = Reply>, effects: &mut Effects) {
        // Nothing is sent to a peer that is gone, or behind the last frame.
        if self.lifecycle.check_alive().is_ok() {
            for reply in replies {
                self.write_queue.post(&reply);
            }
            self.wake_writer(effects);
        }
    }

    /// As [`post`](Self::post), for encoded frames.
    pub(super) fn post_frames(&mut self, frames: &[u8], effects: &mut Effects) {
        if self.lifecycle.check_alive().is_ok() {
            self.write_queue.push(frames);
            self.wake_writer(effects);
        }
    }

    pub(super) fn wake_writer(&mut self, effects: &mut Effects) {
        // Also if a sender holds the writer's lock just now: it may have taken the queue already, and be writing.
        if self.write_queue.has_work() {
            effects.writer.then(self.writer_thread.wake());
        }
    }
}

impl WakeAction {
    /// Keeps the earlier action if the later one is nothing: the first call that finds a thread asleep is the one that has
    /// to wake it, and later calls find it marked as awake.
    fn then(&mut self, later: Self) {
        if later != Self::Nothing {
            *self = later;
        }
    }
}

impl Shared {
    /// Changes the state, then runs the effects with the state unlocked. All changes with effects go through here, so that
    /// nothing in [`Effects`] can be dropped under the lock.
    ///
    /// The second result is that of [`run_effects`](Self::run_effects).
    pub(crate) fn update<T>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut State, &mut Effects) -> T,
    ) -> (T, io::Result<()>) {
        // Declared before the guard, and so dropped after it, also if `change` panics.
        let mut effects = Effects::default();
        let changed = change(&mut self.state.lock(), &mut effects);
        (changed, self.run_effects(effects))
    }

    /// Runs the effects of a change. The caller holds no lock.
    ///
    /// # Errors
    ///
    /// A thread that is needed cannot be started. Queued frames are written nevertheless, by this thread; callbacks are not
    /// called.
    pub(crate) fn run_effects(self: &Arc<Self>, effects: Effects) -> io::Result<()> {
        sync::assert_unlocked();
        // First, because everything below can take its time. No notification is lost by coming after the unlock: a thread
        // that begins to wait in between looks at the state before, under the lock, and finds the change.
        effects.notifications.notify();
        if let Some(reader) = effects.interrupt {
            reader.interrupt();
        }
        for submission in effects.submissions {
            if let Some(payload) = submission.payload {
                submission.executor.submit(submission.id, payload);
            }
        }
        let writes = self.wake(effects.writer, &self.writer_wake, "writer", writer::run);
        // Without a writer thread this thread may block on the link, which is better than a CLOSE that is never sent.
        let writes = writes.inspect_err(|_| {
            // Unmarked before the flush: a frame that is queued after the flush tries to start the thread again.
            self.state.lock().writer_thread.ends();
            self.flush();
        });
        let wake = &self.callbacks_wake;
        let calls = self.wake(effects.callbacks, wake, "callbacks", callbacks::run);
        let calls = calls.inspect_err(|_| self.state.lock().callback_thread.ends());
        // Last: there can be millions of items to drop, and no other thread should wait for that.
        drop(effects.garbage);
        effects.unused.into_iter().for_each(panics::discard);
        writes.and(calls)
    }

    fn wake(
        self: &Arc<Self>,
        action: WakeAction,
        wake: &Condvar,
        role: &str,
        body: fn(&Arc<Self>),
    ) -> io::Result<()> {
        match action {
            WakeAction::Nothing => {}
            WakeAction::Notify => wake.notify_one(),
            WakeAction::Start => threads::spawn(self, role, body)?,
        }
        Ok(())
    }
}
