//! The threads of a gateway: how they start, sleep and end.

use alloc::format;
use alloc::sync::Arc;
use std::io;

use super::shared::Shared;
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::sync::{Mutex, thread};

/// A thread that is started with its first work, and sleeps where there is none.
#[derive(Debug, Default)]
pub(super) struct OnDemandThread {
    started: bool,
    asleep: bool,
}

/// What it takes to have work done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum WakeAction {
    /// The thread is at it.
    #[default]
    Nothing,
    Notify,
    Start,
}

impl OnDemandThread {
    /// There is work. Each result is acted on, so that a second call need not wake again.
    pub(super) fn rouse(&mut self) -> WakeAction {
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

    /// The thread ends: later work starts another one.
    pub(super) fn ends(&mut self) {
        *self = Self::default();
    }
}

/// Starts a named thread of the gateway, and counts it until it ends.
pub(super) fn spawn(
    shared: &Arc<Shared>,
    role: &str,
    body: impl FnOnce(&Arc<Shared>) + Send + 'static,
) -> io::Result<()> {
    // Where the thread cannot be started, its closure is dropped under the lock. The body may own what is the program's
    // or the transport's (the reading end of the link), so that it is not in the closure. It is older than the guard.
    let body = Arc::new(Mutex::new(Some(body)));
    // Locked until the thread is counted: it counts itself out, and may be done at once.
    let mut state = shared.state.lock();
    let own = shared.clone();
    let theirs = body.clone();
    let thread = shared.builder(role).spawn(move || {
        let running = ThreadGuard(own);
        let body = theirs.lock().take();
        if let Some(body) = body {
            body(&running.0);
        }
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
            // No address space has room for this.
            return builder.stack_size(usize::MAX / 2);
        }
        builder
    }
}

/// Counts the thread out, also where it panics.
struct ThreadGuard(Arc<Shared>);

impl Drop for ThreadGuard {
    fn drop(&mut self) {
        let shared = &self.0;
        // Where no thread can be started any more, no callback is called.
        let _ = shared.update(|state, effects| {
            // A panic in the transport's code must not leave those behind who wait for the reader.
            if std::thread::panicking() && state.disconnected.is_none() {
                let why = Disconnected::new(DisconnectReason::Panicked, None);
                state.disconnect(why, effects);
            }
        });
        shared.state.lock().running_threads -= 1;
        shared.notify_threads();
    }
}
