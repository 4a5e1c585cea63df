//! Ends that this side makes: closing a channel, dropping a handle, exiting the gateway.
//!
//! None of these blocks on the link. A destructor must not block, and a program closes and exits precisely when its peer no
//! longer reads. So they queue their frames, and the state that they change under the same lock stops later items.
//!
//! A result of [`Shared::update`] is ignored throughout: the error is that no thread can be started, and then this
//! thread has written the frames, and callbacks do not see the end.

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
        let _ = self.update(|state, effects| {
            // The change and its frame are one step: a sender that has found the channel open holds the writer's lock, and
            // has written its item before any thread can write this CLOSE.
            if !state.session.refuses_close(id) && state.session.close(id) {
                state.post_frames(frame, effects);
                state.notify(id, WaitFor::End, effects);
            }
        });
    }

    /// Ends the items that this side sends. `frame` tells the peer. Does not block on the link, as `close`.
    pub(crate) fn finish_sending(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        let _ = self.update(|state, effects| {
            if state.session.finish_sending(id) {
                state.post_frames(frame, effects);
            }
        });
    }

    /// As [`close`](Self::close), but writes the frame itself, for a thread that may block: it saves waking the writer
    /// thread at the end of each call.
    pub(crate) fn close_now(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        let _ = self.update(|state, effects| {
            if state.session.close(id) {
                // Queued although this thread writes it: it must follow the frames that are in the queue already.
                if state.lifecycle.check_alive().is_ok() {
                    state.write_queue.push(frame);
                }
                state.notify(id, WaitFor::End, effects);
            }
        });
        self.flush();
    }

    /// Drops a handle of a channel, and closes the channels that only this handle kept alive. Does not block on the link.
    pub(crate) fn release(self: &Arc<Self>, id: ChannelId) {
        let (unread, _) = self.update(|state, effects| {
            // Before the release, which takes away the inbox with the error in it.
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
            trace::event(Level::Warn, &self.config.id, what);
        }
    }

    /// Exits the gateway from this side.
    pub(crate) fn exit(self: &Arc<Self>) {
        let (exits, _) = self.update(State::exit);
        if exits {
            trace::event(Level::Debug, &self.config.id, format_args!("exiting"));
            self.never_pause();
        }
    }
}

impl State {
    /// Returns false if the gateway has ended, or exits already.
    fn exit(&mut self, effects: &mut Effects) -> bool {
        if !self.lifecycle.receives() || self.lifecycle.is_exiting() {
            return false;
        }
        // Queued, not written: the pipe can be full, and the writer's lock held by a sender whose peer does not read.
        self.write_queue
            .push(&empty(MessageCode::GatewayTerminate, ChannelId(0)));
        // The writing end is closed behind this frame. A sender that has passed its check still holds the writer's
        // lock: its frame goes out first, and no later one is allowed.
        self.write_queue.end();
        self.wake_writer(effects);
        self.lifecycle.exit();
        self.notify_senders(effects);
        true
    }
}
