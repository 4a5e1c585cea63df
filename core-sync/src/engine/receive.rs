//! Taking the items of channels out of the session, for receivers and callbacks, and how a channel has ended.

use alloc::sync::Arc;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::effects::Effects;
use super::shared::Shared;
use super::state::State;
use super::waiters::ChannelCondvars;
use crate::error::{CallbackError, ReceiveError, WaitCloseError};
use crate::session::{Hold, QueuedItem};

/// An item that was taken and is not decoded yet.
pub(crate) struct TakenItem {
    pub(crate) queued: QueuedItem,
    /// Those of the channels that the item names, in their order.
    pub(crate) condvars: Vec<Arc<ChannelCondvars>>,
    /// Set if a callback keeps its items in a queue of the program.
    pub(crate) held: Option<Held>,
}

impl Shared {
    /// Takes the next item of a channel.
    pub(crate) fn take_item(
        &self,
        state: &mut State,
        id: ChannelId,
        effects: &mut Effects,
    ) -> Option<TakenItem> {
        let queued = state.session.take_item(id)?;
        self.taken(state, id, effects);
        Some(state.taken_item(queued, None))
    }

    /// As [`take_item`](Self::take_item), for an item that counts as unreceived until its [`Held`] is dropped.
    pub(super) fn hold_item(
        self: &Arc<Self>,
        state: &mut State,
        id: ChannelId,
    ) -> Option<TakenItem> {
        let (queued, hold) = state.session.hold_item(id)?;
        let held = Held {
            shared: self.clone(),
            hold: Some(hold),
        };
        Some(state.taken_item(queued, Some(held)))
    }

    /// After an item was taken: grants credit, and resumes a paused reader.
    fn taken(&self, state: &mut State, id: ChannelId, effects: &mut Effects) {
        let grant = state.session.grant(id);
        state.post(grant, effects);
        self.make_room(state);
    }

    /// Wakes a paused reader if there is room.
    pub(super) fn make_room(&self, state: &mut State) {
        if state.paused && !state.session.is_paused() {
            // Reset here and not by the reader, so that a program that takes many items before the reader runs notifies
            // once.
            state.paused = false;
            self.room.notify_one();
        }
    }

    /// Never pauses the reader again: an exited or killed gateway must reach the end of the stream.
    pub(crate) fn never_pause(&self) {
        let mut state = self.state.lock();
        state.session.never_pause();
        self.make_room(&mut state);
    }
}

impl State {
    /// Whether a callback takes the items of the channel.
    pub(crate) fn has_callback(&mut self, id: ChannelId) -> bool {
        let waiters = self.session.waiters(id);
        waiters.is_some_and(|waiters| waiters.delivery.has_callback())
    }

    /// Why the callback of the channel failed.
    pub(crate) fn callback_error(&mut self, id: ChannelId) -> Option<&CallbackError> {
        self.session.waiters(id)?.delivery.error()
    }

    /// How the channel ended; `None` while it is open, or its callback has not seen the end.
    pub(crate) fn end_of(&mut self, id: ChannelId) -> Option<Result<(), WaitCloseError>> {
        if let Some(waiters) = self.session.waiters(id) {
            // The session may have seen the end already, while the callback still works on the last items.
            if waiters.delivery.is_called() {
                return None;
            }
            if let Some(error) = waiters.delivery.error() {
                return Some(Err(WaitCloseError::Callback(error.clone())));
            }
        }
        self.lifecycle.end_of(&mut self.session, id)
    }

    /// Why there is no item on the channel; `None` if one can still arrive.
    pub(crate) fn no_item(&mut self, id: ChannelId) -> Option<ReceiveError> {
        self.lifecycle.no_item(&mut self.session, id)
    }

    fn taken_item(&mut self, queued: QueuedItem, held: Option<Held>) -> TakenItem {
        // Looked up while the lock is held anyway: the handles are made unlocked, and would take it once for each channel.
        let references = queued.references.iter();
        let condvars = references.map(|&id| self.condvars_of(id)).collect();
        TakenItem {
            queued,
            condvars,
            held,
        }
    }

    /// The condition variables of a channel.
    pub(crate) fn condvars_of(&mut self, id: ChannelId) -> Arc<ChannelCondvars> {
        let waiters = self.session.waiters(id);
        waiters
            .map(|waiters| waiters.condvars())
            .unwrap_or_default()
    }
}

/// Counts an item in limits and credit until it is dropped, although a callback has taken the item: it waits in a queue of
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
