use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::effects::Effects;
use super::shared::Shared;
use super::state::State;
use crate::session::Reply;

/// Runs what the peer asks for. The reader calls it, and does not wait for what is run.
pub(crate) trait Executor: Send + Sync {
    /// Takes the call that came on a channel which was made for it, with the first handle of that. It has to end
    /// with [`Channel::end_call`](crate::Channel::end_call).
    fn submit(&self, id: ChannelId, payload: Vec<u8>);

    /// The link has ended: returns when nothing runs any more, or is not to be waited for any longer. Until then
    /// items can still be sent.
    fn wind_down(&self);
}

/// A call that came, and who runs it.
pub(super) struct Call {
    /// This may be the last to hold it: it must not be dropped under a lock.
    pub(super) executor: Arc<dyn Executor>,
    pub(super) id: ChannelId,
    /// `None` where it was refused.
    pub(super) payload: Option<Vec<u8>>,
}

impl Shared {
    /// Who runs what the peer asks for, where somebody does.
    pub(super) fn executor(&self) -> Option<Arc<dyn Executor>> {
        self.executor.get().and_then(Weak::upgrade)
    }

    /// Accepts a call, so that what follows on its channel finds it; the answer where it is refused.
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
        let refused = state.session.accept(id, payload.len()).err();
        let refused = refused.map(|refused| refused.text());
        effects.calls.push(Call {
            executor,
            id,
            payload: refused.is_none().then_some(payload),
        });
        refused.map(|text| Reply::CloseError(id, text))
    }
}
