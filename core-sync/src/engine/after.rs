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
use super::threads::{self, Rouse};
use super::waker::{Ring, Waker, Wakes};
use super::{callback, dispatch};
use crate::link::Readiness;
use crate::panics;
use crate::session::{Garbage, Released, Reply};
use crate::sync;

/// What is to be done once the state is unlocked: [`Shared::update`] makes one, and does it.
#[derive(Default)]
#[must_use]
pub(crate) struct After {
    pub(super) wakes: Wakes,
    pub(super) calls: Vec<Call>,
    /// Channels that are gone. What they hold of the program may come back here when it is dropped.
    garbage: Garbage<Waker>,
    /// Callbacks that were not needed, for the same reason.
    unused: Vec<Callback>,
    /// Calls away a receiver that reads.
    away: Option<Arc<dyn Readiness>>,
    dispatch: Rouse,
    call: Rouse,
}

impl After {
    /// Leaves a callback to be dropped when the state is unlocked.
    pub(super) fn discard(&mut self, callback: Unused) {
        self.unused.extend(callback);
    }
}

impl State {
    /// Something happened on a channel.
    pub(super) fn ring(&mut self, id: ChannelId, ring: Ring, after: &mut After) {
        if ring != Ring::Room {
            after.away = self.reading.reads_for(id).or(after.away.take());
        }
        let waker = self.session.waker(id);
        if waker.is_some_and(|waker| waker.ring(ring, &mut after.wakes)) {
            self.call(id, after);
        }
    }

    /// A receiver that reads the link looks at the state again.
    pub(super) fn call_away(&self, after: &mut After) {
        after.away = self.reading.reads().or(after.away.take());
    }

    /// The callback of the channel is to be called.
    pub(super) fn call(&mut self, id: ChannelId, after: &mut After) {
        self.due_calls.push_back(id);
        after.call.then(self.caller.rouse());
    }

    /// Tells the peer of channels that were given up, and leaves what is left of them to be dropped.
    pub(super) fn released(&mut self, released: Released<Waker>, after: &mut After) {
        after.garbage.append(released.garbage);
        self.post(released.replies, after);
    }

    /// Leaves frames to whoever writes next.
    pub(super) fn post(&mut self, replies: impl IntoIterator<Item = Reply>, after: &mut After) {
        // A peer that is gone, or was sent away, is told nothing.
        if self.check_alive().is_ok() {
            for reply in replies {
                self.outbox.post(&reply);
            }
            self.rouse_dispatcher(after);
        }
    }

    /// As [`post`](Self::post), with frames that are encoded.
    pub(super) fn post_frames(&mut self, frames: &[u8], after: &mut After) {
        if self.check_alive().is_ok() {
            self.outbox.push(frames);
            self.rouse_dispatcher(after);
        }
    }

    pub(super) fn rouse_dispatcher(&mut self, after: &mut After) {
        if self.outbox.is_due() {
            after.dispatch.then(self.dispatcher.rouse());
        }
    }
}

impl Rouse {
    /// What comes later does not take back what came before.
    fn then(&mut self, later: Self) {
        if later != Self::Nothing {
            *self = later;
        }
    }
}

impl Shared {
    /// Changes the state, then does what follows from that when the state is unlocked. This is the way to change it:
    /// what `change` leaves in [`After`] cannot be dropped before.
    ///
    /// The error is that of [`follow`](Self::follow).
    pub(crate) fn update<T>(
        self: &Arc<Self>,
        change: impl FnOnce(&mut State, &mut After) -> T,
    ) -> (T, io::Result<()>) {
        // Older than the lock's guard, so that it is dropped after it, also by a panic.
        let mut after = After::default();
        let changed = change(&mut self.state.lock(), &mut after);
        (changed, self.follow(after))
    }

    /// Does what follows from a change of the state; no lock may be held.
    ///
    /// # Errors
    ///
    /// A thread that is needed cannot be started. What was posted is written nevertheless, by this thread.
    pub(crate) fn follow(self: &Arc<Self>, after: After) -> io::Result<()> {
        sync::assert_unlocked();
        after.wakes.notify();
        if let Some(away) = after.away {
            away.interrupt();
        }
        for call in after.calls {
            if let Some(payload) = call.payload {
                call.executor.submit(call.id, payload);
            }
        }
        let dispatched = match after.dispatch {
            Rouse::Nothing => Ok(()),
            Rouse::Wake => {
                self.work.notify_one();
                Ok(())
            }
            Rouse::Start => threads::spawn(self, "dispatcher", dispatch::run).inspect_err(|_| {
                self.state.lock().dispatcher.ends();
                self.flush();
            }),
        };
        let called = match after.call {
            Rouse::Nothing => Ok(()),
            Rouse::Wake => {
                self.calls.notify_one();
                Ok(())
            }
            Rouse::Start => threads::spawn(self, "callbacks", callback::run)
                .inspect_err(|_| self.state.lock().caller.ends()),
        };
        // Last, as it can take a while.
        drop(after.garbage);
        after.unused.into_iter().for_each(panics::discard);
        dispatched.and(called)
    }
}
