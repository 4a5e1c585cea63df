use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::shared::Shared;
use super::waiters::ChannelCondvars;
use crate::error::CallbackError;
use crate::panics;
use crate::session::{Hold, QueuedItem};

type CallbackFn =
    Box<dyn FnMut(&Arc<Shared>, Option<CallbackItem>) -> Result<(), CallbackError> + Send>;

/// An item for a callback, which decodes it.
pub(crate) struct CallbackItem {
    pub(crate) queued: QueuedItem,
    /// Those of the channels that the item names.
    pub(crate) condvars: Vec<Arc<ChannelCondvars>>,
    /// Set if the callback keeps its items in a queue of the program.
    pub(crate) held: Option<Held>,
}

/// Counts an item in limits and credit until it is dropped, although a callback has taken the item: it waits in a queue of
/// the program. Otherwise such a queue would grow without a bound while the inbox is always empty.
pub(crate) struct Held {
    shared: Arc<Shared>,
    /// `None` once the drop has returned it to the session.
    hold: Option<Hold>,
}

impl Held {
    pub(super) fn new(shared: &Arc<Shared>, hold: Hold) -> Self {
        Self {
            shared: shared.clone(),
            hold: Some(hold),
        }
    }
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
    call: CallbackFn,
    /// Is called with `None` at the end of the channel.
    end_marker: bool,
    /// Keeps its items in a queue of the program: they are handed out with a [`Held`].
    pub(super) holds: bool,
}

impl Callback {
    /// `call` must not hold a handle of the gateway: a gateway exits when its last handle is dropped, and a callback that
    /// held one would keep it open for ever.
    pub(crate) fn new(call: CallbackFn, end_marker: bool, holds: bool) -> Self {
        Self {
            call,
            end_marker,
            holds,
        }
    }

    /// Calls it with an item.
    pub(super) fn item(
        &mut self,
        shared: &Arc<Shared>,
        item: CallbackItem,
    ) -> Result<(), CallbackError> {
        self.run(shared, Some(item))
    }

    /// Calls it with the end marker, if it wants one.
    pub(super) fn end(&mut self, shared: &Arc<Shared>) -> Result<(), CallbackError> {
        match self.end_marker {
            true => self.run(shared, None),
            false => Ok(()),
        }
    }

    fn run(
        &mut self,
        shared: &Arc<Shared>,
        item: Option<CallbackItem>,
    ) -> Result<(), CallbackError> {
        // A panic ends the channel and not this thread, which other channels need. The callback is not called again, as its
        // own data may be inconsistent.
        panics::catch(|| (self.call)(shared, item))
            .unwrap_or_else(|message| Err(CallbackError::Panicked(message)))
    }
}
