//! Ends that this side makes: closing a channel, dropping a handle, exiting the gateway.
//!
//! None of these blocks on the link. A destructor must not block, and a program closes and exits precisely when its peer no
//! longer reads. So they queue their frames, and the state that they change under the same lock stops later items.

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
    /// Closes a channel from this side. `frame` tells the peer, unless the peer closed first.
    ///
    /// The frame can stay in the queue until the next write. Order holds all the same: items sent before hold the writer's
    /// lock until they are written, and an item that is checked later finds the channel closed.
    pub(crate) fn close(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        // The error is that no thread can be started: this thread has written the frame, and callbacks do not see the end.
        let _ = self.update(|state, effects| {
            if !state.session.refuses_close(id) && state.session.close(id) {
                state.post_frames(frame, effects);
                state.notify(id, WaitFor::End, effects);
            }
        });
    }

    /// Ends the items that this side sends. `frame` tells the peer. Does not block on the link, as `close`.
    pub(crate) fn finish_sending(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        // As in `close`.
        let _ = self.update(|state, effects| {
            if state.session.finish_sending(id) {
                state.post_frames(frame, effects);
            }
        });
    }

    /// As [`close`](Self::close), but writes the frame itself, for a thread that may block: it saves waking the writer
    /// thread at the end of each call.
    pub(crate) fn close_now(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        // As in `close`.
        let _ = self.update(|state, effects| {
            if state.session.close(id) {
                if state.check_alive().is_ok() {
                    state.write_queue.push(frame);
                }
                state.notify(id, WaitFor::End, effects);
            }
        });
        self.flush();
    }

    /// Drops a handle of a channel, and closes the channels that only this handle kept alive. Does not block on the link.
    pub(crate) fn release(self: &Arc<Self>, id: ChannelId) {
        // As in `close`.
        let (unread, _) = self.update(|state, effects| {
            let unread = state.session.unread_error(id).cloned();
            let released = state.session.release(id);
            state.released(released, effects);
            self.make_room(state);
            unread
        });
        // Logged unlocked: a logger is code of the program.
        if let Some(error) = unread {
            let text = error.text().escape_debug();
            let what = format_args!("unhandled RemoteError of channel {}: {text}", id.0);
            trace::tell(Level::Warn, &self.config.id, what);
        }
    }

    /// Exits the gateway from this side.
    pub(crate) fn exit(self: &Arc<Self>) {
        // The error is that no thread can be started: this thread has written the last frame.
        let (exits, _) = self.update(State::exit);
        if exits {
            trace::tell(Level::Debug, &self.config.id, format_args!("exiting"));
            self.read_on();
        }
    }
}

impl State {
    /// Returns false if the gateway has ended, or exits already.
    fn exit(&mut self, effects: &mut Effects) -> bool {
        if self.disconnected.is_some() || self.exiting {
            return false;
        }
        // Queued, not written: the pipe can be full, and the writer's lock held by a sender whose peer does not read.
        if let Ok(frame) = empty(MessageCode::GatewayTerminate, ChannelId(0)) {
            self.write_queue.push(&frame);
        }
        self.write_queue.end();
        self.wake_writer(effects);
        self.exiting = true;
        self.notify_senders(effects);
        true
    }
}
