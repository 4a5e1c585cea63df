//! The threads of a gateway: start, sleep and end.

use alloc::format;
use alloc::sync::Arc;
use std::io;

use super::shared::Shared;
use crate::disconnected::DisconnectReason;
use crate::sync::thread;

/// A thread that starts with its first work and sleeps without work. Guarded by the state's lock, as the queue that its
/// marks are about.
#[derive(Debug, Default)]
pub(super) struct OnDemandThread {
    started: bool,
    asleep: bool,
}

/// What a thread that has queued work must do to have it done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum WakeAction {
    /// The thread is awake and will find any work.
    #[default]
    Nothing,
    Notify,
    Start,
}

impl OnDemandThread {
    /// Called when there is work. The caller must act on the result: later calls return `Nothing` because of it.
    #[must_use]
    pub(super) fn wake(&mut self) -> WakeAction {
        // The mark changes here, under the lock, and not when the thread runs: of several threads that add work before it
        // runs, one notifies it.
        if !core::mem::replace(&mut self.started, true) {
            WakeAction::Start
        } else if core::mem::replace(&mut self.asleep, false) {
            WakeAction::Notify
        } else {
            WakeAction::Nothing
        }
    }

    pub(super) fn falls_asleep(&mut self) {
        self.asleep = true;
    }

    pub(super) fn is_awake(&mut self) {
        self.asleep = false;
    }

    /// The thread ends, or did not start: later work starts another one.
    pub(super) fn ends(&mut self) {
        *self = Self::default();
    }
}

/// Starts a named thread of the gateway, counted until it ends.
pub(super) fn spawn(shared: &Arc<Shared>, role: &str, body: fn(&Arc<Shared>)) -> io::Result<()> {
    // Locked until the thread is counted: otherwise a thread that ends at once would be subtracted before it is added.
    let mut state = shared.state.lock();
    let own = shared.clone();
    let thread = shared.builder(role).spawn(move || {
        let running = ThreadGuard(own);
        body(&running.0);
    })?;
    state.running_threads += 1;
    state.threads.push(thread);
    Ok(())
}

impl Shared {
    fn builder(&self, role: &str) -> thread::Builder {
        let builder = thread::Builder::new().name(format!("execnet-{}-{role}", self.config.id));
        #[cfg(feature = "test-util")]
        if self.no_threads.load(core::sync::atomic::Ordering::Relaxed) {
            // No address space has room for this stack.
            return builder.stack_size(usize::MAX / 2);
        }
        builder
    }
}

/// Ends the count of a thread, also if it panics.
struct ThreadGuard(Arc<Shared>);

impl Drop for ThreadGuard {
    fn drop(&mut self) {
        let shared = &self.0;
        // The error is that no callback thread can be started; then callbacks do not see the end.
        let _ = shared.update(|state, effects| {
            // Code of the transport has panicked. Without this, every thread that waits for a frame would wait for ever.
            if std::thread::panicking() && state.lifecycle.receives() {
                state.disconnect(DisconnectReason::Panicked, None, false, effects);
            }
        });
        // After the update: `join` returns when the count is zero, and whatever this thread had to do is done then.
        shared.state.lock().running_threads -= 1;
        shared.notify_threads();
    }
}
