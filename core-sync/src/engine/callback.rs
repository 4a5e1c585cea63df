//! Callbacks: who calls them, with what, and what happens where they fail.

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
use crate::session::{Hold, Queued, encode};
use crate::sync::Deadline;
use crate::trace;

/// Effects so many items in a row it is the turn of another channel's callback.
const TURN: usize = 32;

type Call = Box<dyn FnMut(&Arc<Shared>, Option<RawItem>) -> Result<(), CallbackError> + Send>;

/// An item for a callback, which decodes it.
pub(crate) struct RawItem {
    pub(crate) queued: Queued,
    /// Of the channels that it names.
    pub(crate) bells: Vec<Arc<ChannelCondvars>>,
    /// Of a callback that has its items go on waiting elsewhere.
    pub(crate) held: Option<Held>,
}

/// An item that a callback has taken goes on waiting, in a queue of the program: it counts in limits and credit until
/// this is dropped.
pub(crate) struct Held {
    shared: Arc<Shared>,
    /// `None` once it was given back.
    hold: Option<Hold>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(hold) = self.hold.take() else {
            return;
        };
        let id = hold.channel();
        // Where no thread can be started for what follows, it was done by this one.
        let _ = self.shared.update(|state, effects| {
            state.session.let_go_item(hold);
            self.shared.taken(state, id, effects);
        });
    }
}

/// What takes the items of a channel in place of receivers.
pub(crate) struct Callback {
    call: Call,
    /// It wants to be told of the end.
    end_marker: bool,
    /// Its items go on waiting elsewhere.
    holds: bool,
}

/// What is next for a callback.
enum Next {
    Item(Callback, Queued, Vec<Arc<ChannelCondvars>>, Option<Hold>),
    End(Callback),
    /// Nothing; it was put back.
    Nothing,
}

impl Callback {
    /// `call` must hold no handle of the gateway: a registered callback does not keep that from being exited.
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
        queued: Queued,
        bells: Vec<Arc<ChannelCondvars>>,
        hold: Option<Hold>,
    ) -> Result<(), CallbackError> {
        let held = hold.map(|hold| Held {
            shared: shared.clone(),
            hold: Some(hold),
        });
        let item = RawItem {
            queued,
            bells,
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

    fn run(&mut self, shared: &Arc<Shared>, item: Option<RawItem>) -> Result<(), CallbackError> {
        // Effects a panic it is not called again: nobody sees what it left half done.
        match panics::catch(|| (self.call)(shared, item)) {
            Ok(result) => result,
            Err(account) => Err(CallbackError::Panicked(account)),
        }
    }
}

impl Shared {
    /// Has `callback` called with the items of the channel.
    pub(crate) fn set_callback(
        self: &Arc<Self>,
        id: ChannelId,
        callback: Callback,
    ) -> Result<(), SetCallbackError> {
        let (set, followed) = self.update(|state, effects| {
            let Some(waker) = state.session.waker(id) else {
                effects.discard(Some(callback));
                return Err(SetCallbackError::HasCallback);
            };
            if let Err(callback) = waker.delivery.set(callback) {
                effects.discard(Some(callback));
                return Err(SetCallbackError::HasCallback);
            }
            // Those who receive are told that they cannot any more.
            state.ring(id, WaitFor::End, effects);
            state.session.attach(id);
            // Also where nothing waits: the channel may have ended.
            state.call(id, effects);
            Ok(())
        });
        set?;
        followed.map_err(|error| {
            // That thread was to be started by this call. What else would need it now was not done either, and is not
            // reported here.
            let _ = self.update(|state, effects| state.unset_callback(id, effects));
            SetCallbackError::Thread(error)
        })
    }
}

impl State {
    fn unset_callback(&mut self, id: ChannelId, effects: &mut Effects) {
        self.due_calls.retain(|&due| due != id);
        // There is a handle of the channel, so that this ends nothing.
        self.session.unattach(id);
        if let Some(waker) = self.session.waker(id) {
            effects.discard(waker.delivery.unset());
        }
    }
}

/// What the thread that calls does: callbacks that are due, in turns, until the link has ended and all have seen
/// their end.
pub(super) fn run(shared: &Arc<Shared>) {
    while let Some((id, callback)) = next_due(shared) {
        turn(shared, id, callback);
    }
}

fn next_due(shared: &Shared) -> Option<(ChannelId, Callback)> {
    let mut state = shared.state.lock();
    loop {
        while let Some(id) = state.due_calls.pop_front() {
            if let Some(callback) = state.begin(id) {
                return Some((id, callback));
            }
        }
        if state.disconnected.is_some() {
            state.caller.ends();
            return None;
        }
        state.caller.falls_asleep();
        // Its channels have nobody who waits for them to be read for.
        state = shared.wait(&shared.calls, state, Deadline::NEVER);
        state.caller.is_awake();
    }
}

impl State {
    fn begin(&mut self, id: ChannelId) -> Option<Callback> {
        self.session.waker(id)?.delivery.begin()
    }
}

/// Calls a callback with what waits on its channel.
fn turn(shared: &Arc<Shared>, id: ChannelId, mut callback: Callback) {
    for _ in 0..TURN {
        match next(shared, id, callback) {
            Next::Nothing => return,
            Next::End(callback) => return end(shared, id, callback),
            Next::Item(mut called, queued, bells, hold) => {
                if let Err(error) = called.item(shared, queued, bells, hold) {
                    return fail(shared, id, called, error);
                }
                callback = called;
            }
        }
    }
    // This thread is the one that calls: none has to be started.
    let _ = shared.update(|state, effects| {
        let unused = match state.session.waker(id) {
            Some(waker) => waker.delivery.requeue(callback),
            None => Some(callback),
        };
        effects.discard(unused);
        state.due_calls.push_back(id);
    });
}

/// What is next. Looking and putting the callback back is one step: what arrives after it makes it due again.
fn next(shared: &Arc<Shared>, id: ChannelId, callback: Callback) -> Next {
    // Where no thread can be started for what follows, it was done by this one.
    let (next, _) = shared.update(|state, effects| {
        let (taken, hold) = match callback.holds {
            true => shared.hold_item(state, id).unzip(),
            false => (shared.take_item(state, id, effects), None),
        };
        if let Some((queued, bells)) = taken {
            return Next::Item(callback, queued, bells, hold);
        }
        if state.session.has_ended(id) {
            return Next::End(callback);
        }
        let unused = match state.session.waker(id) {
            Some(waker) => waker.delivery.idle(callback),
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

/// One that reported an error is still told of the end; one that panicked is not called again.
fn fail(shared: &Arc<Shared>, id: ChannelId, mut callback: Callback, error: CallbackError) {
    if !matches!(error, CallbackError::Panicked(_)) {
        // The first error is the one to report.
        let _ = callback.end(shared);
    }
    finish(shared, id, callback, Some(error));
}

/// The callback is done with the channel. One that failed closes it, on both sides.
fn finish(shared: &Arc<Shared>, id: ChannelId, callback: Callback, error: Option<CallbackError>) {
    if let Some(error) = &error {
        let what = format_args!("channel {} is closed: {error}", id.0);
        trace::tell(Level::Warn, &shared.config.id, what);
    }
    let text = error.as_ref().map(ToString::to_string);
    // Only a text of 2 GiB has no frame.
    let frame = text.and_then(|text| encode(MessageCode::ChannelCloseError, id, &*text).ok());
    // What needs a thread that cannot be started was done by this one.
    let _ = shared.update(|state, effects| {
        if error.is_some() && state.session.close(id) {
            state.post_frames(&frame.unwrap_or_default(), effects);
        }
        if let Some(waker) = state.session.waker(id) {
            effects.discard(waker.delivery.finish(error));
        }
        state.ring(id, WaitFor::End, effects);
        let released = state.session.detach(id);
        state.released(released, effects);
        // Items that it has not been called with are gone.
        shared.make_room(state);
    });
    // What it captured is the program's, and can do anything when it is dropped, in a thread that has to go on.
    panics::discard(callback);
}
