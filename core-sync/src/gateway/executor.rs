use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::ExecModel;
use super::shared::Shared;
use crate::session::{BUSY, Reply};

/// Runs what the peer asks for. The reader calls it, and does not wait for what is run.
pub(crate) trait Executor: Send + Sync {
    /// Takes the call that came on a channel which was made for it, with the first handle of that. It has to end
    /// with [`Channel::end_call`](crate::Channel::end_call).
    fn submit(&self, id: ChannelId, payload: Vec<u8>);

    /// The link has ended: returns when nothing runs any more, or is not to be waited for any longer. Until then
    /// items can still be sent.
    fn wind_down(&self);
}

/// Hands a call to who runs it; the answer where nobody does.
pub(super) fn exec(shared: &Arc<Shared>, id: ChannelId, payload: Vec<u8>) -> Option<Reply> {
    let executor = shared.executor.get().and_then(Weak::upgrade);
    let Some(executor) = executor else {
        return Some(Reply::Refuse(id, "this end runs no code"));
    };
    match accept(shared, id) {
        Ok(()) => {
            executor.submit(id, payload);
            None
        }
        Err(text) => Some(Reply::Refuse(id, text)),
    }
}

fn accept(shared: &Shared, id: ChannelId) -> Result<(), &'static str> {
    let session = &mut shared.state.lock().session;
    if shared.config.execmodel == ExecModel::MainThreadOnly && session.is_occupied() {
        return Err(BUSY);
    }
    let accepted = session.accept(id);
    accepted.map_err(|_| "execution on this channel id is refused")
}
