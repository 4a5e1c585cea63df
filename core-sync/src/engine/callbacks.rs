//! The callback thread, its queue of channels, and the effects of a callback that fails.
//!
//! One thread per gateway calls all callbacks. The reader must not: a callback that waits for an answer would wait for a
//! frame that no thread reads. Nor may a receiver that holds a read lease, for the same reason.
//! [`Delivery`](super::delivery::Delivery) has the stages of a callback.

use alloc::string::ToString;
use alloc::sync::Arc;

use execnet_serializer::ChannelId;
use log::Level;

use super::delivery::Callback;
use super::effects::Effects;
use super::receive::TakenItem;
use super::shared::Shared;
use super::state::State;
use super::waiters::WaitFor;
use crate::error::{CallbackError, SetCallbackError};
use crate::frame::MessageCode;
use crate::panics;
use crate::session::encode;
use crate::sync::Deadline;
use crate::trace;

/// Number of items for one callback in a row while callbacks of other channels wait.
const BATCH: usize = 32;

/// The next step of a callback.
enum Next {
    Item(Callback, TakenItem),
    End(Callback),
    /// No item: the callback was put back.
    Nothing,
}

impl Shared {
    /// Sets the callback of a channel, and queues the channel.
    pub(crate) fn set_callback(
        self: &Arc<Self>,
        id: ChannelId,
        callback: Callback,
    ) -> Result<(), SetCallbackError> {
        let (set, started) = self.update(|state, effects| {
            let set = match state.session.waiters(id) {
                Some(waiters) => waiters.delivery.set(callback),
                None => Err(callback),
            };
            if let Err(callback) = set {
                effects.discard(Some(callback));
                return Err(SetCallbackError::HasCallback);
            }
            // Receivers that wait return with an error: the items are the callback's now. The callback is in stage
            // `CallbackQueued` already, so that this does not queue the channel a second time.
            state.notify(id, WaitFor::End, effects);
            state.session.attach(id);
            // Also without an item: the channel may have ended, and no frame would queue it again.
            state.queue_callback(id, effects);
            Ok(())
        });
        set?;
        started.map_err(|error| {
            // The callback is taken out again, so that receivers can take the items.
            let _ = self.update(|state, effects| state.unset_callback(id, effects));
            SetCallbackError::Thread(error)
        })
    }
}

impl State {
    fn unset_callback(&mut self, id: ChannelId, effects: &mut Effects) {
        self.callback_queue.retain(|&queued| queued != id);
        // The caller has a handle of the channel, which keeps the channel alive without the callback.
        self.session.unattach(id);
        if let Some(waiters) = self.session.waiters(id) {
            effects.discard(waiters.delivery.unset());
        }
    }
}

/// Body of the callback thread: runs queued callbacks in batches, until the link has ended and all have seen their end.
pub(super) fn run(shared: &Arc<Shared>) {
    while let Some((id, callback)) = next_queued(shared) {
        run_batch(shared, id, callback);
    }
}

fn next_queued(shared: &Shared) -> Option<(ChannelId, Callback)> {
    let mut state = shared.state.lock();
    loop {
        while let Some(id) = state.callback_queue.pop_front() {
            // The callback leaves the session: while it runs unlocked, no other thread can call or drop it.
            if let Some(callback) = state.begin(id) {
                return Some((id, callback));
            }
        }
        // After the queue: `disconnect` has queued every channel with a callback, and each has to see its end.
        if !state.lifecycle.receives() {
            // Under the lock under which the queue was found empty: a callback that is set later starts another thread.
            state.callback_thread.ends();
            return None;
        }
        state.callback_thread.falls_asleep();
        // Through `Shared::wait`, which wakes the reader: no other thread reads for channels with callbacks.
        state = shared.wait(&shared.callbacks_wake, state, Deadline::NEVER);
        state.callback_thread.is_awake();
    }
}

impl State {
    fn begin(&mut self, id: ChannelId) -> Option<Callback> {
        self.session.waiters(id)?.delivery.begin()
    }

    /// Puts a callback back that may have `more` items.
    fn put_back(&mut self, id: ChannelId, callback: Callback, more: bool, effects: &mut Effects) {
        let unused = match self.session.waiters(id) {
            Some(waiters) => waiters.delivery.put_back(callback, more),
            None => Some(callback),
        };
        effects.discard(unused);
    }
}

/// Calls a callback with the items of its inbox, `BATCH` at most: a channel that is never empty must not starve the others.
fn run_batch(shared: &Arc<Shared>, id: ChannelId, mut callback: Callback) {
    for _ in 0..BATCH {
        match next(shared, id, callback) {
            Next::Nothing => return,
            Next::End(callback) => return finish(shared, id, callback, None),
            Next::Item(mut called, item) => {
                if let Err(error) = called.run(shared, Some(item)) {
                    return finish(shared, id, called, Some(error));
                }
                callback = called;
            }
        }
    }
    // No error is possible: the callback thread is this one.
    let _ = shared.update(|state, effects| {
        state.put_back(id, callback, true, effects);
        // Not through `queue_callback`: this thread need not wake itself.
        state.callback_queue.push_back(id);
    });
}

/// Takes the next item, or puts the callback back. Both happen under one lock: if an item arrived in between, nothing would
/// queue the channel again.
fn next(shared: &Arc<Shared>, id: ChannelId, callback: Callback) -> Next {
    // The error is that no writer thread can be started; credit is then sent by this thread.
    let (next, _) = shared.update(|state, effects| {
        let taken = match callback.holds {
            true => shared.hold_item(state, id),
            false => shared.take_item(state, id, effects),
        };
        if let Some(item) = taken {
            return Next::Item(callback, item);
        }
        // Looked at last: items that arrived before the end are handed over before it.
        if state.session.has_ended(id) {
            return Next::End(callback);
        }
        state.put_back(id, callback, false, effects);
        Next::Nothing
    });
    next
}

/// Ends the callback of a channel. A failed one closes the channel on both sides.
fn finish(
    shared: &Arc<Shared>,
    id: ChannelId,
    mut callback: Callback,
    mut error: Option<CallbackError>,
) {
    // One that has returned an error still gets its end marker. One that has panicked is not called again.
    if !matches!(error, Some(CallbackError::Panicked(_))) {
        // Of two errors the first is the cause.
        let ended = callback.end(shared);
        error = error.or(ended.err());
    }
    if let Some(error) = &error {
        let what = format_args!("channel {} is closed: {error}", id.0);
        trace::event(Level::Warn, &shared.config.id, what);
    }
    let text = error.as_ref().map(ToString::to_string);
    // Encoded unlocked. `None` only for a text above 2 GiB.
    let frame = text.and_then(|text| encode(MessageCode::ChannelCloseError, id, &*text).ok());
    // The frame must be queued in the same change as the close, so that no item of another thread follows it.
    let _ = shared.update(|state, effects| {
        if error.is_some() && state.session.close(id) {
            state.post_frames(&frame.unwrap_or_default(), effects);
        }
        if let Some(waiters) = state.session.waiters(id) {
            effects.discard(waiters.delivery.finish(error));
        }
        // Only now, although the channel may have ended long ago: `wait_close` returns when the callback has seen the end.
        state.notify(id, WaitFor::End, effects);
        let released = state.session.detach(id);
        state.released(released, effects);
        // The rest of the inbox is gone, which may be the room that a paused reader waits for.
        shared.make_room(state);
    });
    // The drop runs destructors of the program, which may panic; this thread must survive that.
    panics::discard(callback);
}
