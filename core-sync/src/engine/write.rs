//! Frames onto the link.

use core::time::Duration;

use execnet_serializer::ChannelId;

use super::shared::Shared;
use super::state::State;
use super::waiters::ChannelCondvars;
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::SendError;
use crate::link::{FilePart, Output};
use crate::session::Sending;
use crate::sync::{Deadline, Guard};
use crate::trace;

/// How long a sender whose write failed waits for the reader to find out why.
const VERDICT: Duration = Duration::from_secs(1);

impl Shared {
    /// Writes frames with items that cost so much, the last of which goes on with `part`, if the channel still takes
    /// items; waits where the peer has to receive others first.
    pub(crate) fn send_on(
        &self,
        id: ChannelId,
        bell: &ChannelCondvars,
        frames: &[u8],
        part: Option<&mut FilePart<'_>>,
        cost: usize,
    ) -> Result<(), SendError> {
        loop {
            let writer = self.writer.lock();
            let mut state = self.state.lock();
            match state.session.sending(id) {
                Sending::Closed => return Err(SendError::Closed),
                Sending::Now => {
                    state.check_alive()?;
                    state.session.spend(id, cost);
                    state.reading.note_sent();
                    return self.write_with_outbox(writer, state, frames, part);
                }
                Sending::Wait => {
                    state.check_alive()?;
                    if state.disconnected.is_some() {
                        // Who sends no more gives no credit either.
                        return Err(SendError::Disconnected(state.disconnect_reason()));
                    }
                    // Others can write meanwhile.
                    drop(writer);
                    drop(bell.wait_room(self, state, id));
                }
            }
        }
    }

    /// Writes a frame, if the gateway is alive.
    pub(crate) fn send(&self, frame: &[u8]) -> Result<(), SendError> {
        let writer = self.writer.lock();
        let mut state = self.state.lock();
        state.check_alive()?;
        self.write_with_outbox(writer, state, frame, None)
    }

    /// Writes what was left behind for whoever writes. True where nothing is to be written any more.
    pub(super) fn flush(&self) -> bool {
        let writer = self.writer.lock();
        let (frames, last) = {
            let mut state = self.state.lock();
            (state.outbox.take(), state.outbox.is_last())
        };
        // A peer that is gone wants no answer; the reader will notice.
        let _ = self.write(writer, &frames, None, last);
        trace::frames(&self.config.id, "sent", &frames);
        last
    }

    /// Closes the writing end without a word.
    pub(super) fn close_writer(&self) {
        // Dropping it is code of the transport, and done unlocked.
        let closed = self.writer.lock().take();
        drop(closed);
    }

    /// Writes what others left behind, then `frames`, then `part`.
    fn write_with_outbox(
        &self,
        writer: Guard<'_, Option<Output>>,
        mut state: Guard<'_, State>,
        frames: &[u8],
        part: Option<&mut FilePart<'_>>,
    ) -> Result<(), SendError> {
        let mut joined = state.outbox.take();
        drop(state);
        let frames = if joined.is_empty() {
            frames
        } else {
            joined.extend_from_slice(frames);
            &joined
        };
        match self.write(writer, frames, part, false) {
            Ok(()) => {
                trace::frames(&self.config.id, "sent", frames);
                Ok(())
            }
            Err(failure) => Err(SendError::Disconnected(self.verdict_on(failure))),
        }
    }

    /// Writes frames, where there are any. Effects the last ones, or where writing fails, it closes the writing end: what is
    /// left of a frame cannot be taken back.
    fn write(
        &self,
        mut writer: Guard<'_, Option<Output>>,
        frames: &[u8],
        part: Option<&mut FilePart<'_>>,
        last: bool,
    ) -> Result<(), Option<std::io::Error>> {
        let written = match writer.as_mut() {
            None => Err(None),
            Some(_) if frames.is_empty() => Ok(()),
            Some(open) => open.write(frames, part).map_err(Some),
        };
        let closed = writer.take_if(|_| last || written.is_err());
        drop(writer);
        // Dropping it is code of the transport, and done unlocked.
        drop(closed);
        written
    }

    /// Why writing failed, in the words of the reader if it learns of the end in time.
    fn verdict_on(&self, failure: Option<std::io::Error>) -> Disconnected {
        let deadline = Deadline::after(VERDICT);
        let mut state = self.state.lock();
        while state.disconnected.is_none() && !deadline.has_passed() {
            state = self.wait(&self.ended, state, deadline);
        }
        match (&state.disconnected, failure) {
            (None, Some(error)) => Disconnected::new(DisconnectReason::Write(error.into()), None),
            _ => state.disconnect_reason(),
        }
    }
}
