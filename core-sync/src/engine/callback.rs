use alloc::boxed::Box;
use alloc::sync::Arc;

use super::receive::TakenItem;
use super::shared::Shared;
use crate::error::CallbackError;
use crate::panics;

type CallbackFn =
    Box<dyn FnMut(&Arc<Shared>, Option<TakenItem>) -> Result<(), CallbackError> + Send>;

/// Takes the items of a channel in place of receivers.
pub(crate) struct Callback {
    /// It must not hold a handle of the gateway: a gateway exits when its last handle is dropped, and a callback that held
    /// one would keep it open for ever.
    pub(crate) call: CallbackFn,
    /// Is called with `None` at the end of the channel.
    pub(crate) end_marker: bool,
    /// Keeps its items in a queue of the program: they are handed out with a [`Held`](super::Held).
    pub(crate) holds: bool,
}

impl Callback {
    /// Calls it with the end marker, if it wants one.
    pub(super) fn end(&mut self, shared: &Arc<Shared>) -> Result<(), CallbackError> {
        match self.end_marker {
            true => self.run(shared, None),
            false => Ok(()),
        }
    }

    /// Calls it with an item, or with the end marker.
    pub(super) fn run(
        &mut self,
        shared: &Arc<Shared>,
        item: Option<TakenItem>,
    ) -> Result<(), CallbackError> {
        // A panic ends the channel and not this thread, which other channels need. The callback is not called again, as its
        // own data may be inconsistent.
        panics::catch(|| (self.call)(shared, item))
            .unwrap_or_else(|message| Err(CallbackError::Panicked(message)))
    }
}
