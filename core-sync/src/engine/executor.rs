//! The way of a call from the reader to the code that runs it.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::effects::Effects;
use super::shared::Shared;
use super::state::State;
use crate::session::Reply;

/// Runs the code that the peer calls. The reader calls its methods, so that none but `wind_down` may block.
pub(crate) trait Executor: Send + Sync {
    /// Takes a call, and the first handle of the channel that was made for it. Each call ends with
    /// [`Channel::end_call`](crate::Channel::end_call).
    fn submit(self: Arc<Self>, id: ChannelId, payload: Vec<u8>);

    /// Called when the link has ended. Blocks until no call runs any more, or the grace has passed. Until it returns,
    /// calls can still send.
    fn wind_down(&self);
}

/// A call of the peer on its way to the executor.
pub(super) struct Submission {
    // Kept for a refused call, too: this may be the last reference, and dropping it runs code that takes the lock.
    pub(super) executor: Arc<dyn Executor>,
    pub(super) id: ChannelId,
    /// `None` if the call was refused.
    pub(super) payload: Option<Vec<u8>>,
}

impl Shared {
    /// The executor, if this end runs code.
    pub(super) fn executor(&self) -> Option<Arc<dyn Executor>> {
        self.executor.get().and_then(Weak::upgrade)
    }

    /// Accepts a call, and makes its channel. Returns the answer to a call that is refused.
    pub(super) fn exec(
        &self,
        state: &mut State,
        id: ChannelId,
        payload: Vec<u8>,
        effects: &mut Effects,
    ) -> Option<Reply> {
        let Some(executor) = self.executor() else {
            return Some(Reply::CloseError(id, "this end runs no code"));
        };
        // Here and not in `submit`: the next frame of the same batch may be an item for the channel.
        let refused = state.session.accept(id, payload.len()).err();
        let refused = refused.map(|refused| refused.text());
        effects.submissions.push(Submission {
            executor,
            id,
            payload: refused.is_none().then_some(payload),
        });
        refused.map(|text| Reply::CloseError(id, text))
    }
}
