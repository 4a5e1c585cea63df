//! What is known of a far process, and waiting for news.

use execnet_core_sync::Channel;

use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::sync::{Condvar, Mutex};

/// So many bytes may be on their way to the far process that it has not taken yet. More would pile up in the middle.
pub(super) const WINDOW: usize = 1 << 20;

/// The middle acknowledges after this many bytes. It is far below the window, so that a controller that has used up the
/// window always hears of room. An acknowledgement of each frame would go through all gateways in front of the middle: a
/// message through a chain would cost in proportion to the square of its length.
pub(super) const STEP: usize = WINDOW / 4;

/// Shared by the ends of the link, the peer and the two threads.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) start: Option<Start>,
    pub(super) exit: Option<Exit>,
    /// The relay's own channel: it tells why the relay failed, if it did.
    pub(super) call: Option<Channel>,
    /// Why nothing more will be heard, if that is before the exit.
    pub(super) lost: Option<String>,
    /// Nothing can be written any more.
    pub(super) deaf: bool,
    /// Bytes that are on their way.
    pub(super) unwritten: usize,
}

/// What became of the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    Done,
    /// The system over there refused: its error number, and what it said.
    Failed(i32, String),
    /// None of the programs exists there.
    Missing,
}

impl Shared {
    pub(super) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock());
        self.changed.notify_all();
    }

    /// Waits until there is an answer; none at the deadline. Without one it waits for as long as it takes.
    pub(super) fn wait<T>(
        &self,
        deadline: Deadline,
        answer: impl Fn(&State) -> Option<T>,
    ) -> Option<T> {
        let patience = deadline.left();
        let state = self.state.lock();
        let missing = |state: &mut State| answer(state).is_none();
        let state = self.changed.wait_while(state, patience, missing);
        answer(&state)
    }

    /// Waits for room in the window, and takes it; false where nothing can be written any more.
    pub(super) fn reserve(&self, size: usize) -> bool {
        let open = |state: &State| match () {
            () if state.deaf || state.lost.is_some() => Some(false),
            () => (state.unwritten < WINDOW).then_some(true),
        };
        let open = self.wait(Deadline::NEVER, open) == Some(true);
        if open {
            self.state.lock().unwritten += size;
        }
        open
    }
}
