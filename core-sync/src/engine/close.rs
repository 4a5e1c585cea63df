//! The ends that this side makes: of a channel, of a handle, of the gateway.

use alloc::sync::Arc;

use execnet_serializer::ChannelId;
use log::Level;

use super::effects::Effects;
use super::shared::Shared;
use super::state::State;
use super::waiters::WaitFor;
use crate::frame::MessageCode;
use crate::session::empty;
use crate::trace;

impl Shared {
    /// Closes a channel from this side: `frame` says so to the peer, unless it knows.
    ///
    /// It does not wait for the link: what was sent before is on its way, and nothing can be sent any more, so that
    /// whoever writes next can write the frame.
    pub(crate) fn close(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        // Where no thread can be started, it was written by this one; callbacks then hear of the end no more.
        let _ = self.update(|state, effects| {
            if !state.session.refuses_close(id) && state.session.close(id) {
                state.post_frames(frame, effects);
                state.ring(id, WaitFor::End, effects);
            }
        });
    }

    /// Ends the items that this side sends: `frame` says so to the peer. As `close`, it does not wait for the link.
    pub(crate) fn finish_sending(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        // As in `close`.
        let _ = self.update(|state, effects| {
            if state.session.finish_sending(id) {
                state.post_frames(frame, effects);
            }
        });
    }

    /// As [`close`](Self::close), but waits for the link: for a thread that has nothing better to do.
    pub(crate) fn close_now(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        // As in `close`.
        let _ = self.update(|state, effects| {
            if state.session.close(id) {
                if state.check_alive().is_ok() {
                    state.outbox.push(frame);
                }
                state.ring(id, WaitFor::End, effects);
            }
        });
        self.flush();
    }

    /// Gives up a handle of a channel, and closes what it alone kept alive. It does not wait for the link.
    pub(crate) fn release(self: &Arc<Self>, id: ChannelId) {
        // As in `close`.
        let (unheard, _) = self.update(|state, effects| {
            let unheard = state.session.unheard(id).cloned();
            let released = state.session.release(id);
            state.released(released, effects);
            self.make_room(state);
            unheard
        });
        if let Some(error) = unheard {
            let text = error.text().escape_debug();
            let what = format_args!("unhandled RemoteError of channel {}: {text}", id.0);
            trace::tell(Level::Warn, &self.config.id, what);
        }
    }

    /// Winds the gateway down from this side.
    pub(crate) fn exit(self: &Arc<Self>) {
        // Where no thread can be started, the farewell was written by this one.
        let (exits, _) = self.update(State::exit);
        if exits {
            trace::tell(Level::Debug, &self.config.id, format_args!("exiting"));
            self.read_on();
        }
    }
}

impl State {
    /// False where the gateway has ended, or is about to.
    fn exit(&mut self, effects: &mut Effects) -> bool {
        if self.disconnected.is_some() || self.exiting {
            return false;
        }
        // Not written from here: the pipe can be full, or held by a sender that waits for a peer which does not read.
        if let Ok(frame) = empty(MessageCode::GatewayTerminate, ChannelId(0)) {
            self.outbox.push(&frame);
        }
        self.outbox.end();
        self.wake_writer(effects);
        self.exiting = true;
        self.ring_senders(effects);
        true
    }
}
