//! The threads of a pool: those that run calls, and the refuser.

use alloc::format;
use alloc::string::ToString as _;
use alloc::sync::Arc;
use core::num::NonZero;
use std::io;
use std::thread::Builder;

use super::Pool;
use super::state::PoolState;
use crate::session::BUSY;
use crate::sync::Guard;

/// Number of idle threads that are kept for later calls; further ones exit.
const SPARE: usize = 4;

impl Pool {
    /// Starts a thread of the pool. `role` is the last part of its name.
    fn start(
        self: &Arc<Self>,
        state: &mut PoolState,
        role: &str,
        body: impl FnOnce(&Self) + Send + 'static,
    ) -> io::Result<()> {
        let name = format!("execnet-{}-exec-{role}", self.gateway.id());
        let pool = Arc::downgrade(self);
        let thread = Builder::new().name(name).spawn(move || {
            // The thread that serves owns the pool, and joins this one, unless it has abandoned it.
            if let Some(pool) = pool.upgrade() {
                body(&pool);
            }
        })?;
        state.keep(thread);
        Ok(())
    }

    /// Starts a thread that runs calls, unless there are as many as may be. If that fails, the call waits for one of the
    /// existing threads.
    pub(super) fn start_thread(self: &Arc<Self>, state: &mut PoolState) {
        let most = self.worker.max_threads.map_or(usize::MAX, NonZero::get);
        if state.living >= most {
            return;
        }
        let number = state.started + 1;
        let started = self.start(state, &number.to_string(), |pool| pool.run(SPARE));
        if started.is_ok() {
            state.started = number;
            // Counted here and not in the thread: a second call that arrives before the thread runs must see it.
            state.living += 1;
        }
    }

    /// Starts the refuser, unless it runs. If that fails, the call waits until the main thread takes it.
    pub(super) fn start_refuser(self: &Arc<Self>, state: &mut PoolState) {
        if !state.has_refuser {
            state.has_refuser = self.start(state, "refuser", Self::refuse_late).is_ok();
        }
    }

    /// Body of the refuser: waits until the oldest call is taken, or has waited too long, until no call is left. The reader
    /// cannot do that, as it must not block.
    fn refuse_late(&self) {
        let mut state = self.state.lock();
        while let Some(deadline) = state.queue.front().map(|call| call.deadline) {
            state = if deadline.has_passed() {
                self.refuse(state)
            } else {
                self.taken.wait(state, deadline)
            };
        }
        // Under the lock under which the queue was found empty: a call that is added later starts another refuser.
        state.has_refuser = false;
    }

    fn refuse<'a>(&'a self, mut state: Guard<'a, PoolState>) -> Guard<'a, PoolState> {
        let call = state.queue.pop_front();
        // The worker is not idle until the refusal is written: it would close the link.
        state.refusing += 1;
        // Unlocked, because the write can block, and the reader needs this lock to add calls.
        drop(state);
        if let Some(call) = call {
            call.channel.begin_call(call.payload.len());
            call.channel.end_call(Some(BUSY));
        }
        let mut state = self.state.lock();
        state.refusing -= 1;
        self.done.notify_all();
        state
    }
}
