//! The reader thread: reads unless a receiver does, and ends the gateway when the link ends.

use alloc::boxed::Box;
use alloc::sync::Arc;

use log::Level;

use super::link_input::{Handled, LinkInput};
use super::shared::Shared;
use crate::disconnected::DisconnectReason;
use crate::sync::Deadline;
use crate::trace;

/// Body of the reader thread: moves frames into the session until the link ends.
///
/// It blocks on bytes, on a receiver's lease, and on full inboxes if the program asked for that. It never blocks on the
/// writer or on code of the program: while it does not read, the peer's writes block, and this side's writer may be waiting
/// for exactly that peer to read.
pub(super) fn run(shared: &Arc<Shared>) {
    let mut input = shared.await_input();
    let reason = loop {
        match step(shared, input) {
            Ok(next) => input = next,
            // The input was dropped, and with it the reading end: a peer that writes sees a closed link, and does not
            // block.
            Err(reason) => break reason,
        }
    };
    shared.close_reading();
    finish(shared, reason);
}

/// Reads once and hands the frames to the session. Then offers the input to the receiver that got an item, and waits to get
/// it back.
fn step(
    shared: &Arc<Shared>,
    mut input: Box<LinkInput>,
) -> Result<Box<LinkInput>, DisconnectReason> {
    let read = input.read(shared);
    loop {
        let ((handled, kept), started) = shared.update(|state, effects| {
            let handled = input.handle_in(shared, state, effects);
            let kept = match (&handled, &read) {
                (Ok(Handled::All), Ok(())) => state.read_role.lease(input, effects),
                _ => Some(input),
            };
            (handled, kept)
        });
        // The read's own error comes last: the frames in front of it are handled first.
        started.map_err(DisconnectReason::Thread)?;
        match (handled?, kept) {
            (Handled::UntilFull, Some(kept)) => input = kept,
            (_, kept) => return read.map(|()| kept.unwrap_or_else(|| shared.await_input())),
        }
        wait_for_room(shared);
    }
}

/// Waits while inboxes are full, if the program asked for that.
fn wait_for_room(shared: &Shared) {
    let mut state = shared.state.lock();
    while state.session.is_paused() {
        // In the loop: a thread that made room has reset it, and another item may have filled the inbox again since.
        state.paused = true;
        state = shared.room.wait(state, Deadline::NEVER);
    }
    state.paused = false;
}

/// Ends the gateway: wakes all threads that wait, lets code that runs here finish, and closes the writing end.
fn finish(shared: &Arc<Shared>, reason: DisconnectReason) {
    let cause = match reason {
        // The peer may live on, so that there is no exit status to wait for.
        DisconnectReason::Terminated
        | DisconnectReason::Protocol(_)
        | DisconnectReason::Thread(_) => None,
        _ => shared.control.post_mortem(),
    };
    let executor = shared.executor();
    // Unlocked up to here, because `post_mortem` may wait for the exit of a process. No thread learns of the end before the
    // cause is known: the error of every waiting thread shall have it. An error of `update` means that no callback thread
    // can be started, and then callbacks do not see the end.
    let (lost, _) = shared
        .update(|state, effects| state.disconnect(reason, cause, executor.is_some(), effects));
    let what = format_args!("receives no more: {lost}");
    trace::event(Level::Debug, &shared.config.id, what);
    shared.notify_threads();
    if let Some(executor) = executor {
        // Waits for functions. The link is half closed meanwhile, so that the writer thread stays alive.
        executor.wind_down();
        // What the functions have queued last, before the stage ends that allows it.
        shared.flush();
        shared.state.lock().lifecycle.end();
        // The writer thread looks at the stage only when it is woken.
        shared.notify_threads();
    }
    // A write that blocks may hold the lock. It ends when the peer is gone, or by the transport's kill.
    shared.close_writer();
}
