//! The writer thread: writes what those leave behind who must not wait for the link.

use alloc::sync::Arc;

use super::shared::Shared;
use crate::sync::Deadline;

/// What the writer thread does until the link has ended, or nothing more is to be written.
pub(super) fn run(shared: &Arc<Shared>) {
    while is_due(shared) {
        if shared.flush() {
            break;
        }
    }
}

/// Waits for something to write. False at the end.
fn is_due(shared: &Shared) -> bool {
    let mut state = shared.state.lock();
    while state.disconnected.is_none() || state.half_closed {
        if state.outbox.is_due() {
            return true;
        }
        state.writer_thread.falls_asleep();
        state = shared.work.wait(state, Deadline::NEVER);
        state.writer_thread.is_awake();
    }
    false
}
