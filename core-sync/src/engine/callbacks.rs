//! Callbacks: the callback thread, its queue of channels, and what a failing callback does.
//!
//! One thread per gateway calls all callbacks. The reader must not: a callback that waits for an answer would wait for a
//! frame that nobody reads. Nor may a receiver that holds a read lease, for the same reason. [`Delivery`] has the stages of
//! a callback.
//!
//! [`Delivery`]: super::delivery::Delivery

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;
use log::Level;

use super::effects::Effects;
use super::shared::Shared;
use super::state::State;
use super::waiters::{ChannelCondvars, WaitFor};
use crate::error::{CallbackError, SetCallbackError};
use crate::frame::MessageCode;
use crate::panics;
use crate::session::{Hold, QueuedItem, encode};
use crate::sync::Deadline;
use crate::trace;

/// Number of items for one callback in a row while those of other channels wait.
const BATCH: usize = 32;

type Call = Box<dyn FnMut(&Arc<Shared>, Option<CallbackItem>) -> Result<(), CallbackError> + Send>;

/// An item for a callback, which decodes it.
pub(crate) struct CallbackItem {
    pub(crate) queued: QueuedItem,
    /// Those of the channels that the item names.
    pub(crate) condvars: Vec<Arc<ChannelCondvars>>,
    /// Set if the callback keeps its items in a queue of the program.
    pub(crate) held: Option<Held>,
}

/// Counts an item in limits and credit until it is dropped, though a callback has taken the item: it waits in a queue of
/// the program. Otherwise such a queue would grow without a bound while the inbox is always empty.
pub(crate) struct Held {
    shared: Arc<Shared>,
    /// `None` once the drop has returned it to the session.
    hold: Option<Hold>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(hold) = self.hold.take() else {
            return;
        };
        let id = hold.channel();
        // The error is that no thread can be started; the frames are written by this thread then.
        let _ = self.shared.update(|state, effects| {
            state.session.let_go_item(hold);
            self.shared.taken(state, id, effects);
        });
    }
}

/// Takes the items of a channel in place of receivers.
pub(crate) struct Callback {
    call: Call,
    /// Is called with `None` at the end of the channel.
    end_marker: bool,
    /// Keeps its items in a queue of the program: they are handed out with a [`Held`].
    holds: bool,
}

/// The next step of a callback.
enum Next {
    Item(
        Callback,
        QueuedItem,
        Vec<Arc<ChannelCondvars>>,
        Option<Hold>,
    ),
    End(Callback),
    /// No item: the callback was put back.
    Nothing,
}

impl Callback {
    /// `call` must not hold a handle of the gateway: a gateway exits when its last handle is dropped, and a callback that
    /// held one would keep it open for ever.
    pub(crate) fn new(call: Call, end_marker: bool, holds: bool) -> Self {
        Self {
            call,
            end_marker,
            holds,
        }
    }

    fn item(
        &mut self,
        shared: &Arc<Shared>,
        queued: QueuedItem,
        condvars: Vec<Arc<ChannelCondvars>>,
        hold: Option<Hold>,
    ) -> Result<(), CallbackError> {
        let held = hold.map(|hold| Held {
            shared: shared.clone(),
            hold: Some(hold),
        });
        let item = CallbackItem {
            queued,
            condvars,
            held,
        };
        self.run(shared, Some(item))
    }

    fn end(&mut self, shared: &Arc<Shared>) -> Result<(), CallbackError> {
        if self.end_marker {
            self.run(shared, None)
        } else {
            Ok(())
        }
    }

    fn run(
        &mut self,
        shared: &Arc<Shared>,
        item: Option<CallbackItem>,
    ) -> Result<(), CallbackError> {
        // A panic ends the channel and not this thread, which other channels need. The callback is not called again, as its
        // own data may be inconsistent.
        match panics::catch(|| (self.call)(shared, item)) {
            Ok(result) => result,
            Err(account) => Err(CallbackError::Panicked(account)),
        }
    }
}

impl Shared {
    /// Sets the callback of a channel, and queues the channel.
    pub(crate) fn set_callback(
        self: &Arc<Self>,
        id: ChannelId,
        callback: Callback,
    ) -> Result<(), SetCallbackError> {
        let (set, followed) = self.update(|state, effects| {
            let Some(waiters) = state.session.waiters(id) else {
                effects.discard(Some(callback));
                return Err(SetCallbackError::HasCallback);
            };
            if let Err(callback) = waiters.delivery.set(callback) {
                effects.discard(Some(callback));
                return Err(SetCallbackError::HasCallback);
            }
            // Receivers that wait return with an error: the items are the callback's now.
            state.notify(id, WaitFor::End, effects);
            state.session.attach(id);
            // Also without an item: the channel may have ended, and no frame would queue it again.
            state.call(id, effects);
            Ok(())
        });
        set?;
        followed.map_err(|error| {
            // The callback is taken out again, so that receivers can take the items.
            let _ = self.update(|state, effects| state.unset_callback(id, effects));
            SetCallbackError::Thread(error)
        })
    }
}

impl State {
    fn unset_callback(&mut self, id: ChannelId, effects: &mut Effects) {
        self.callback_queue.retain(|&due| due != id);
        // The caller has a handle of the channel, so that the channel lives on.
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
            if let Some(callback) = state.begin(id) {
                return Some((id, callback));
            }
        }
        if state.disconnected.is_some() {
            // Under the lock: a callback that is set later starts another thread.
            state.callback_thread.ends();
            return None;
        }
        state.callback_thread.falls_asleep();
        // Through `Shared::wait`, which wakes the reader: nobody else reads for channels with callbacks.
        state = shared.wait(&shared.calls, state, Deadline::NEVER);
        state.callback_thread.is_awake();
    }
}

impl State {
    fn begin(&mut self, id: ChannelId) -> Option<Callback> {
        self.session.waiters(id)?.delivery.begin()
    }
}

/// Calls a callback with the items of its inbox, `BATCH` at most, so that a channel that never runs dry does not starve
/// the others.
fn run_batch(shared: &Arc<Shared>, id: ChannelId, mut callback: Callback) {
    for _ in 0..BATCH {
        match next(shared, id, callback) {
            Next::Nothing => return,
            Next::End(callback) => return end(shared, id, callback),
            Next::Item(mut called, queued, condvars, hold) => {
                if let Err(error) = called.item(shared, queued, condvars, hold) {
                    return fail(shared, id, called, error);
                }
                callback = called;
            }
        }
    }
    // No error is possible: the callback thread is this one.
    let _ = shared.update(|state, effects| {
        let unused = match state.session.waiters(id) {
            Some(waiters) => waiters.delivery.requeue(callback),
            None => Some(callback),
        };
        effects.discard(unused);
        state.callback_queue.push_back(id);
    });
}

/// Takes the next item, or puts the callback back. Both happen under one lock: if an item arrived between the look and the
/// putting back, nothing would queue the channel again.
fn next(shared: &Arc<Shared>, id: ChannelId, callback: Callback) -> Next {
    // The error is that no writer thread can be started; credit is then sent by this thread.
    let (next, _) = shared.update(|state, effects| {
        let (taken, hold) = match callback.holds {
            true => shared.hold_item(state, id).unzip(),
            false => (shared.take_item(state, id, effects), None),
        };
        if let Some((queued, condvars)) = taken {
            return Next::Item(callback, queued, condvars, hold);
        }
        if state.session.has_ended(id) {
            return Next::End(callback);
        }
        let unused = match state.session.waiters(id) {
            Some(waiters) => waiters.delivery.idle(callback),
            None => Some(callback),
        };
        effects.discard(unused);
        Next::Nothing
    });
    next
}

fn end(shared: &Arc<Shared>, id: ChannelId, mut callback: Callback) {
    let error = callback.end(shared).err();
    finish(shared, id, callback, error);
}

/// A callback that returned an error still gets its end marker; one that panicked is not called again.
fn fail(shared: &Arc<Shared>, id: ChannelId, mut callback: Callback, error: CallbackError) {
    if !matches!(error, CallbackError::Panicked(_)) {
        // A second error is dropped: the first is the cause.
        let _ = callback.end(shared);
    }
    finish(shared, id, callback, Some(error));
}

/// Ends the callback of a channel. A failed one closes the channel on both sides.
fn finish(shared: &Arc<Shared>, id: ChannelId, callback: Callback, error: Option<CallbackError>) {
    if let Some(error) = &error {
        let what = format_args!("channel {} is closed: {error}", id.0);
        trace::tell(Level::Warn, &shared.config.id, what);
    }
    let text = error.as_ref().map(ToString::to_string);
    // None only for a text above 2 GiB.
    let frame = text.and_then(|text| encode(MessageCode::ChannelCloseError, id, &*text).ok());
    // The frame must be queued in the same change as the close, so that no item of another thread follows it.
    let _ = shared.update(|state, effects| {
        if error.is_some() && state.session.close(id) {
            state.post_frames(&frame.unwrap_or_default(), effects);
        }
        if let Some(waiters) = state.session.waiters(id) {
            effects.discard(waiters.delivery.finish(error));
        }
        state.notify(id, WaitFor::End, effects);
        let released = state.session.detach(id);
        state.released(released, effects);
        // The rest of the inbox is gone, and a paused reader may have room.
        shared.make_room(state);
    });
    // The drop runs destructors of the program, which may panic; this thread must survive that.
    panics::discard(callback);
}
