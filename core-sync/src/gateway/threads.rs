//! The threads of a gateway: how they start, sleep and end.

use alloc::format;
use alloc::sync::Arc;
use std::io;

use super::after::After;
use super::shared::Shared;
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::sync::thread;

/// A thread that is started with its first work, and sleeps where there is none.
#[derive(Debug, Default)]
pub(super) struct Duty {
    started: bool,
    asleep: bool,
}

/// What it takes to have work done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Rouse {
    /// The thread is at it.
    #[default]
    Nothing,
    Wake,
    Start,
}

impl Duty {
    /// There is work. Each result is acted on, so that a second call need not wake again.
    pub(super) fn rouse(&mut self) -> Rouse {
        if !core::mem::replace(&mut self.started, true) {
            Rouse::Start
        } else if core::mem::replace(&mut self.asleep, false) {
            Rouse::Wake
        } else {
            Rouse::Nothing
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
    let mut state = shared.state.lock();
    let own = shared.clone();
    let thread = thread::Builder::new()
        .name(format!("execnet-{}-{role}", shared.config.id))
        .spawn(move || {
            let running = Running(own);
            body(&running.0);
        })?;
    state.running_threads += 1;
    state.threads.push(thread);
    Ok(())
}

/// Counts the thread out, also where it panics.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        let shared = &self.0;
        let mut after = After::default();
        {
            let mut state = shared.state.lock();
            // A panic in the transport's code must not leave those behind who wait for the reader.
            if std::thread::panicking() && state.disconnected.is_none() {
                let why = Disconnected::new(DisconnectReason::Panicked, None);
                state.disconnect(why, &mut after);
            }
        }
        // Where no thread can be started any more, no callback is called.
        let _ = shared.follow(after);
        shared.state.lock().running_threads -= 1;
        shared.notify_threads();
    }
}
