//! The reader: reads where nobody else does, and tells everybody of the end.

use alloc::boxed::Box;
use alloc::sync::Arc;

use log::Level;

use super::link_input::{Handled, LinkInput};
use super::shared::Shared;
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::link::LinkReader;
use crate::sync::Deadline;
use crate::trace;

/// What the reader thread of a gateway does: frames into the session until there are no more.
///
/// It never waits, but for bytes, for its turn, and for room where the program asked for that: neither for the writer,
/// nor for what the program does.
pub(super) fn run(shared: &Arc<Shared>, reader: LinkReader) {
    let mut source = Box::new(LinkInput::new(reader, shared.config.max_frame));
    let reason = loop {
        match step(shared, source) {
            Ok(next) => source = next,
            // The source is gone: the peer cannot be stuck on writing what nobody reads, it sees that the link is closed.
            Err(reason) => break reason,
        }
    };
    shared.close_reading();
    finish(shared, reason);
}

/// Reads once. Where the only one who waits has got an item, it is that one's turn to read what comes next.
fn step(
    shared: &Arc<Shared>,
    mut source: Box<LinkInput>,
) -> Result<Box<LinkInput>, DisconnectReason> {
    let read = source.read(shared);
    loop {
        let ((handled, kept), followed) = shared.update(|state, effects| {
            let handled = source.handle_in(shared, state, effects);
            let kept = match (&handled, &read) {
                (Ok(Handled::All), Ok(())) => state.reading.lease(source, effects),
                _ => Some(source),
            };
            (handled, kept)
        });
        // What came before the end is done before the end.
        followed.map_err(DisconnectReason::Thread)?;
        match (handled?, kept) {
            (Handled::UntilFull, Some(kept)) => source = kept,
            (_, kept) => return read.map(|()| kept.unwrap_or_else(|| shared.await_turn())),
        }
        wait_for_room(shared);
    }
}

/// Reads no more while the inboxes are full and the program wants that.
fn wait_for_room(shared: &Shared) {
    let mut state = shared.state.lock();
    while state.session.is_paused() {
        state.paused = true;
        state = shared.room.wait(state, Deadline::NEVER);
    }
    state.paused = false;
}

/// Tells everybody who waits, then closes the writing end.
fn finish(shared: &Arc<Shared>, reason: DisconnectReason) {
    let cause = match reason {
        // The link may be all right: there is nothing to wait for.
        DisconnectReason::Terminated
        | DisconnectReason::Protocol(_)
        | DisconnectReason::Thread(_) => None,
        _ => shared.control.post_mortem(),
    };
    let executor = shared.executor();
    // Where no thread can be started, callbacks do not hear of the end.
    let (lost, _) = shared.update(|state, effects| {
        let reason = match reason {
            // It is what was asked for.
            DisconnectReason::EndOfStream if state.exiting => DisconnectReason::Exited,
            reason => reason,
        };
        // Code that runs here may say on what it has begun to say.
        state.half_closed = executor.is_some()
            && matches!(
                reason,
                DisconnectReason::Terminated | DisconnectReason::EndOfStream
            );
        let lost = Disconnected::new(reason, cause);
        state.disconnect(lost.clone(), effects);
        lost
    });
    let what = format_args!("receives no more: {lost}");
    trace::tell(Level::Debug, &shared.config.id, what);
    shared.notify_threads();
    if let Some(executor) = executor {
        executor.wind_down();
        shared.flush();
        shared.state.lock().half_closed = false;
        shared.notify_threads();
    }
    // It may be held by a write that blocks: that one ends by the peer's going, or by the transport's kill.
    shared.close_writer();
}
