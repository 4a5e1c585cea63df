//! Frames to the peer: written at once by callers that may block on the link, queued by the others.

use execnet_serializer::ChannelId;

use super::link::Writer;
use super::{EXECMODEL, Endpoint, State};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::SendError;
use crate::frame::MessageCode;
use crate::link_error::LinkError;
use crate::session::{Reply, empty};

impl Endpoint {
    /// Tells the peer to wind down and closes the writing end. What the peer still sends can be received.
    pub fn exit(&self) {
        let mut writer = self.inner.writer.lock();
        let (alive, queued) = {
            let mut state = self.inner.state.lock();
            let alive = state.check_alive().is_ok();
            state.exiting = true;
            (alive, core::mem::take(&mut state.outbox))
        };
        if let (true, Some(open), Ok(frame)) = (
            alive,
            writer.as_mut(),
            empty(MessageCode::GatewayTerminate, ChannelId(0)),
        ) {
            // A peer that is gone need not be told.
            let _ = open.write(&queued, &frame);
        }
        *writer = None;
    }

    /// Writes what the session wants the peer to be told.
    pub(super) fn reply(&self, reply: &Reply) {
        if let Ok(frames) = reply.to_bytes(EXECMODEL) {
            // A peer that is gone wants no answer; reading will show it.
            let _ = self.write_if(&frames, |state| state.check_alive());
        }
    }

    /// Leaves frames to the next write, wait or poll.
    pub(super) fn post(&self, replies: impl IntoIterator<Item = Reply>) {
        self.inner.state.lock().post(replies);
    }

    /// Writes a frame, if it may be sent, behind what is queued.
    pub(super) fn write_if<E: From<SendError>>(
        &self,
        frame: &[u8],
        allow: impl FnOnce(&mut State) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut writer = self.inner.writer.lock();
        let queued = {
            let mut state = self.inner.state.lock();
            allow(&mut state)?;
            state.answers = 0;
            core::mem::take(&mut state.outbox)
        };
        let written = match writer.as_mut() {
            Some(open) => open.write(&queued, frame),
            None => return Err(self.inner.state.lock().lost().into()),
        };
        written.map_err(|error| {
            *writer = None;
            let reason = DisconnectReason::Write(error);
            SendError::Disconnected(Disconnected::new(reason, None)).into()
        })
    }

    /// Writes what is queued, and waits for the link.
    pub(super) fn flush(&self) {
        // Nothing is sent to a peer that is gone; reading will show it.
        let _ = self.write_queued(|open, queued| open.write(queued, &[]));
    }

    /// Writes what is queued, as far as the link takes it without waiting. Returns whether it took anything.
    pub(super) fn flush_ready(&self) -> bool {
        let taken = self.write_queued(Writer::write_ready);
        taken.unwrap_or(false)
    }

    fn write_queued<T>(
        &self,
        write: impl FnOnce(&mut Writer, &[u8]) -> Result<T, LinkError>,
    ) -> Option<T> {
        let mut writer = self.inner.writer.lock();
        let open = writer.as_mut()?;
        let queued = core::mem::take(&mut self.inner.state.lock().outbox);
        let written = write(open, &queued);
        let unsent = open.backlog();
        if written.is_err() {
            *writer = None;
        }
        let mut state = self.inner.state.lock();
        state.has_rest = written.is_ok() && unsent > 0;
        // The link takes bytes in their order: what is left is the end of what there was.
        state.answers = state.answers.min(unsent.saturating_add(state.outbox.len()));
        drop(state);
        written.ok()
    }
}

impl State {
    /// Answers a question of the peer, who may ask any number of them.
    pub(super) fn answer(&mut self, reply: Reply) {
        let before = self.outbox.len();
        self.post([reply]);
        let answer = self.outbox.len().saturating_sub(before);
        self.answers = self.answers.saturating_add(answer);
    }

    pub(super) fn post(&mut self, replies: impl IntoIterator<Item = Reply>) {
        // Nothing is sent to a peer that is gone or was sent away.
        if self.check_alive().is_ok() {
            for reply in replies {
                // It is short: it has a length that fits.
                let _ = reply.append_to(&mut self.outbox, EXECMODEL);
            }
        }
    }
}
