//! What follows from a change of the state, once it is unlocked.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::io;

use execnet_serializer::ChannelId;

use super::callback::Callback;
use super::delivery::Unused;
use super::executor::Call;
use super::shared::Shared;
use super::state::State;
use super::threads::{self, WakeAction};
use super::waiters::{ChannelWaiters, Notifications, WaitFor};
use super::{callback, writer};
use crate::link::Readiness;
use crate::panics;
use crate::session::{Garbage, Released, Reply};
use crate::sync;

/// What is to be done once the state is unlocked: [`Shared::update`] makes one, and does it.
#[derive(Default)]
#[must_use]
pub(crate) struct Effects {
    pub(super) wakes: Notifications,
    pub(super) calls: Vec<Call>,
    /// Channels that are gone. What they hold of the program may come back here when it is dropped.
    garbage: Garbage<ChannelWaiters>,
    /// Callbacks that were not needed, for the same reason.
    unused: Vec<Callback>,
    /// Calls away a receiver that reads.
    away: Option<Arc<dyn Readiness>>,
    dispatch: WakeAction,
    call: WakeAction,
}

impl Effects {
    /// Leaves a callback to be dropped when the state is unlocked.
    pub(super) fn discard(&mut self, callback: Unused) {
        self.unused.extend(callback);
    }
}

impl State {
    /// Something happened on a channel.
    pub(super) fn ring(&mut self, id: ChannelId, ring: WaitFor, effects: &mut Effects) {
        if ring != WaitFor::Room {
            effects.away = self.reading.reads_for(id).or(effects.away.take());
        }
        let waker = self.session.waker(id);
        if waker.is_some_and(|waker| waker.ring(ring, &mut effects.wakes)) {
            self.call(id, effects);
        }
    }

    /// A receiver that reads the link looks at the state again.
    pub(super) fn call_away(&self, effects: &mut Effects) {
        effects.away = self.reading.reads().or(effects.away.take());
    }

    /// The callback of the channel is to be called.
    pub(super) fn call(&mut self, id: ChannelId, effects: &mut Effects) {
        self.due_calls.push_back(id);
        effects.call.then(self.caller.rouse());
    }

    /// Tells the peer of channels that were given up, and leaves what is left of them to be dropped.
    pub(super) fn released(&mut self, released: Released<ChannelWaiters>, effects: &mut Effects) {
        effects.garbage.append(released.garbage);
        self.post(released.replies, effects);
    }

    /// Leaves frames to whoever writes next.
    pub(super) fn post(&mut self, replies: impl IntoIterator<Item = Reply>, effects: &mut Effects) {
        // A peer that is gone, or was sent away, is told nothing.
        if self.check_alive().is_ok() {
            for reply in replies {
                self.outbox.post(&reply);
            }
            self.wake_writer(effects);
        }
    }

    /// As [`post`](Self::post), with frames that are encoded.
    pub(super) fn post_frames(&mut self, frames: &[u8], effects: &mut Effects) {
        if self.check_alive().is_ok() {
            self.outbox.push(frames);
            self.wake_writer(effects);
        }
    }

    pub(super) fn wake_writer(&mut self, effects: &mut Effects) {
        if self.outbox.is_due() {
            effects.dispatch.then(self.writer_thread.rouse());
        }
    }
}

impl WakeAction {
    /// What comes later does not take back what came before.
    fn then(&mut self, later: Self) {
        if later != Self::Nothing {
            *self = later;
        }
    }
}

impl Shared {
    /// Changes the state, then does what follows from that when the state is unlocked. This is the way to change it:
    /// what `change` leaves in [`Effects`] cannot be dropped before.
    ///
    /// The error is that of [`follow`](Self::follow).
    pub(crate) fn update<T>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut State, &mut Effects) -> T,
    ) -> (T, io::Result<()>) {
        // Older than the lock's guard, so that it is dropped after it, also by a panic.
        let mut effects = Effects::default();
        let changed = change(&mut self.state.lock(), &mut effects);
        (changed, self.run_effects(effects))
    }

    /// Does what follows from a change of the state; no lock may be held.
    ///
    /// # Errors
    ///
    /// A thread that is needed cannot be started. What was posted is written nevertheless, by this thread.
    pub(crate) fn run_effects(self: &Arc<Self>, effects: Effects) -> io::Result<()> {
        sync::assert_unlocked();
        effects.wakes.notify();
        if let Some(away) = effects.away {
            away.interrupt();
        }
        for call in effects.calls {
            if let Some(payload) = call.payload {
                call.executor.submit(call.id, payload);
            }
        }
        let dispatched = match effects.dispatch {
            WakeAction::Nothing => Ok(()),
            WakeAction::Notify => {
                self.work.notify_one();
                Ok(())
            }
            WakeAction::Start => threads::spawn(self, "writer", writer::run).inspect_err(|_| {
                self.state.lock().writer_thread.ends();
                self.flush();
            }),
        };
        let called = match effects.call {
            WakeAction::Nothing => Ok(()),
            WakeAction::Notify => {
                self.calls.notify_one();
                Ok(())
            }
            WakeAction::Start => threads::spawn(self, "callbacks", callback::run)
                .inspect_err(|_| self.state.lock().caller.ends()),
        };
        // Last, as it can take a while.
        drop(effects.garbage);
        effects.unused.into_iter().for_each(panics::discard);
        dispatched.and(called)
    }
}
