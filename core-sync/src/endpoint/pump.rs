//! Who waits reads: one of them, until a frame was handled.

use super::link::Reader;
use super::{Endpoint, Inner, State};
use crate::disconnected::DisconnectReason;
use crate::frame::FrameReader;
use crate::session::Message;
use crate::sync::Guard;

impl Endpoint {
    /// Reads frames until `ready` gives something. It has to when the link has ended.
    pub(super) fn wait_for<T>(&self, mut ready: impl FnMut(&mut State) -> Option<T>) -> T {
        let inner = &*self.inner;
        let mut state = inner.state.lock();
        loop {
            if let Some(found) = ready(&mut state) {
                return found;
            }
            if state.is_read {
                // What it reads next may be for this one: it looks after each frame.
                state.waiting += 1;
                state = inner.handled.wait(&inner.state, state);
                state.waiting -= 1;
            } else {
                state.is_read = true;
                drop(state);
                let turn = Turn(inner);
                self.read();
                drop(turn);
                state = inner.state.lock();
            }
        }
    }

    fn read(&self) {
        let mut reader = self.inner.reader.lock();
        if let Some(frames) = reader.as_mut()
            && let Err(reason) = self.step(frames)
        {
            *reader = None;
            self.finish(reason);
        }
    }

    /// Reads and handles one frame.
    fn step(&self, frames: &mut FrameReader<Reader>) -> Result<(), DisconnectReason> {
        let header = frames.next_header().map_err(DisconnectReason::Read)?;
        let header = header.ok_or(DisconnectReason::EndOfStream)?;
        let credit = self.inner.config.credit.is_some();
        Message::admit(&header, credit).map_err(DisconnectReason::Protocol)?;
        let payload = frames.payload_of(&header).map_err(DisconnectReason::Read)?;
        let message = Message::parse(header.with_payload(payload));
        let message = message.map_err(DisconnectReason::Protocol)?;
        let reply = self.inner.state.lock().handle(message)?;
        if let Some(reply) = reply {
            self.reply(&reply);
        }
        Ok(())
    }
}

/// The turn to read. It ends also where the link's own code panics.
struct Turn<'a>(&'a Inner);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state: Guard<'_, State> = self.0.state.lock();
        state.is_read = false;
        let waiting = state.waiting;
        drop(state);
        // Each notification is a system call.
        if waiting > 0 {
            self.0.handled.notify_all();
        }
    }
}
