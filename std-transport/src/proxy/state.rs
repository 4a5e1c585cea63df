//! What is known of a proxied worker, and waiting for changes of it.

use execnet_core_sync::Channel;

use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::sync::{Condvar, Mutex};

/// Number of bytes that may be in flight to the worker's standard input. More would accumulate in the proxy.
pub(super) const WINDOW: usize = 1 << 20;

/// The proxy acknowledges after this many bytes. It is far below the window, so that a controller that has used up the
/// window always gets an acknowledgement. An acknowledgement of each frame would go through all gateways in front of
/// the proxy: a message through a chain would cost in proportion to the square of its length.
pub(super) const STEP: usize = WINDOW / 4;

/// Shared by both ends of the link, the worker handle and the threads.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) start: Option<StartResult>,
    pub(super) exit: Option<Exit>,
    /// The channel of the proxy's call: its error says why the proxy failed.
    pub(super) call: Option<Channel>,
    /// Why no more events come, if they end before the exit.
    pub(super) lost: Option<String>,
    /// Standard input is closed over there.
    pub(super) deaf: bool,
    /// A thread requests that the proxy kills the worker, or has done so.
    pub(super) kill_requested: bool,
    /// Bytes in flight.
    pub(super) unwritten: usize,
}

/// The result of the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StartResult {
    Done,
    /// The system there refused: its error number and message.
    Failed(i32, String),
    /// None of the programs exists there.
    Missing,
}

impl Shared {
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.lock());
        self.changed.notify_all();
        result
    }

    /// Waits until `answer` returns a value; `None` at the deadline.
    pub(super) fn wait<T>(
        &self,
        deadline: Deadline,
        answer: impl Fn(&State) -> Option<T>,
    ) -> Option<T> {
        let timeout = deadline.left();
        let state = self.state.lock();
        let missing = |state: &mut State| answer(state).is_none();
        let state = self.changed.wait_while(state, timeout, missing);
        answer(&state)
    }

    /// Waits for room in the window and takes it; false if standard input is closed, or the worker has ended.
    pub(super) fn reserve(&self, size: usize) -> bool {
        let open = |state: &State| match () {
            // The exit counts too: it may come before the proxy has noticed that the input is closed, and is then the
            // last event.
            () if state.deaf || state.lost.is_some() || state.exit.is_some() => Some(false),
            () => (state.unwritten < WINDOW).then_some(true),
        };
        let open = self.wait(Deadline::NEVER, open) == Some(true);
        if open {
            self.state.lock().unwritten += size;
        }
        open
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    /// A proxy whose worker has ended acknowledges nothing more, and need not report that the input is closed.
    #[test]
    fn a_full_window_is_refused_when_the_worker_has_ended() {
        let shared = Shared::default();
        assert!(shared.reserve(WINDOW));
        let (done, reserved) = mpsc::channel();
        thread::spawn(move || {
            shared.change(|state| state.exit = Some(Exit::UNKNOWN));
            done.send(shared.reserve(1))
        });
        let reserved = reserved.recv_timeout(Duration::from_secs(20));
        assert_eq!(reserved, Ok(false), "a writer waits for room");
    }
}
