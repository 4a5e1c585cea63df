//! Writing: by the thread that sends, or by the writer thread for threads that must not block.
//!
//! The thread that holds the writer's lock writes, and takes along the frames of the write queue. So the writer thread is
//! needed only while no thread sends, and a gateway whose threads only send never starts it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use execnet_serializer::ChannelId;

use super::shared::Shared;
use super::state::State;
use super::waiters::{ChannelCondvars, WaitFor};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::SendError;
use crate::link::{Output, Part};
use crate::session::Reply;
use crate::sync::{Deadline, Guard};
use crate::trace;

/// How long a sender whose write failed waits for the reader's reason.
const REASON_WAIT: Duration = Duration::from_secs(1);

/// Frames queued by threads that must not block on the link: the reader, callers of `close` and `exit`, drops of handles.
/// The next write by any thread takes them along. If no thread writes, the writer thread does.
#[derive(Debug, Default)]
pub(super) struct WriteQueue {
    bytes: Vec<u8>,
    /// Number of answers to the peer among the frames.
    answers: usize,
    /// The frames are the last ones: the writing end is closed after them.
    last: bool,
}

impl WriteQueue {
    /// Adds whole frames.
    pub(super) fn push(&mut self, frames: &[u8]) {
        self.bytes.extend_from_slice(frames);
    }

    /// Adds the frames of `reply`.
    pub(super) fn post(&mut self, reply: &Reply) {
        // A reply is short, so that its length fits into a header.
        let _ = reply.append_to(&mut self.bytes);
    }

    /// Counts one more answer and returns the number of answers in the queue.
    pub(super) fn count_answer(&mut self) -> usize {
        self.answers += 1;
        self.answers
    }

    /// Marks the frames of the queue as the last ones.
    pub(super) fn end(&mut self) {
        self.last = true;
    }

    /// Whether there are frames to write, or the writing end is to be closed.
    pub(super) fn has_work(&self) -> bool {
        self.last || !self.bytes.is_empty()
    }

    /// Takes the frames out.
    pub(super) fn take(&mut self) -> Vec<u8> {
        self.answers = 0;
        core::mem::take(&mut self.bytes)
    }

    /// Whether the frames that were taken are the last ones.
    pub(super) fn is_last(&self) -> bool {
        self.last
    }
}

/// Body of the writer thread. Returns when the link has ended, or when the last frames are written.
pub(super) fn run(shared: &Arc<Shared>) {
    while wait_for_work(shared) {
        if shared.flush() {
            break;
        }
    }
}

/// Returns false at the end of the link.
fn wait_for_work(shared: &Shared) -> bool {
    let mut state = shared.state.lock();
    while state.lifecycle.may_write() {
        if state.write_queue.has_work() {
            return true;
        }
        // Marked under the lock under which the queue was found empty: a thread that adds frames later sees the mark and
        // notifies. Frames that are added while this thread is awake need no notification, which is a system call.
        state.writer_thread.falls_asleep();
        state = shared.writer_wake.wait(state, Deadline::NEVER);
        state.writer_thread.is_awake();
    }
    false
}

impl Shared {
    /// Writes the frames of items of a channel, the last of which continues with `part`, and takes their `cost` from the
    /// credit. Blocks while there is no credit.
    pub(crate) fn send_on(
        &self,
        id: ChannelId,
        condvars: &ChannelCondvars,
        frames: &[u8],
        part: Option<&mut Part<'_>>,
        cost: usize,
    ) -> Result<(), SendError> {
        loop {
            // The writer's lock comes first and is held until the frames are written. Otherwise a CLOSE of another thread
            // could come between the check and the write, and the item would follow it on the wire.
            let writer = self.writer.lock();
            let mut state = self.state.lock();
            if state.lifecycle.may_send(&state.session, id)? {
                // Spent before the write: the peer may receive the item and return its credit before this thread has
                // the lock again.
                state.session.spend(id, cost);
                state.read_role.note_sent();
                return self.write_behind_queue(writer, state, frames, part);
            }
            // Credit comes only when the peer's program receives: other channels must be able to send meanwhile. The
            // state's lock is kept, so that credit which arrives now finds this thread counted.
            drop(writer);
            // The loop starts over with both locks: the wait has released the state's, and keeping it would take the
            // writer's second.
            drop(condvars.wait(WaitFor::Room, self, state, Deadline::NEVER));
        }
    }

    /// Writes a frame, if the gateway is alive.
    pub(crate) fn send(&self, frame: &[u8]) -> Result<(), SendError> {
        let writer = self.writer.lock();
        let state = self.state.lock();
        state.lifecycle.check_alive()?;
        self.write_behind_queue(writer, state, frame, None)
    }

    /// Writes the frames of the queue. Returns whether they were the last ones.
    pub(super) fn flush(&self) -> bool {
        // Before the queue is taken: two threads that took a part each could write the parts in the wrong order.
        let writer = self.writer.lock();
        let (frames, last) = {
            let mut state = self.state.lock();
            (state.write_queue.take(), state.write_queue.is_last())
        };
        // An error needs no report: the link is broken, and the reader will find that.
        let _ = self.write(writer, &frames, None, last);
        trace::frames(&self.config.id, "sent", &frames);
        last
    }

    /// Closes the writing end without a last frame.
    pub(super) fn close_writer(&self) {
        // In a statement of its own: the lock is free before the drop runs the transport's code.
        let closed = self.writer.lock().take();
        drop(closed);
    }

    /// Writes the queue, then `frames`, then `part`.
    ///
    /// The queue comes first: its frames are older, and a CLOSE or a credit in it must not be overtaken.
    fn write_behind_queue(
        &self,
        writer: Guard<'_, Option<Output>>,
        mut state: Guard<'_, State>,
        frames: &[u8],
        part: Option<&mut Part<'_>>,
    ) -> Result<(), SendError> {
        let mut joined = state.write_queue.take();
        // The write can block for as long as the peer does not read, and the reader needs the state meanwhile.
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
            Err(failure) => Err(SendError::Disconnected(self.write_failure(failure))),
        }
    }

    /// Writes frames, if there are any. After the last ones, or if the write fails, closes the writing end: a frame that
    /// was written in part cannot be taken back, and anything behind it would be read as the rest of it.
    fn write(
        &self,
        mut writer: Guard<'_, Option<Output>>,
        frames: &[u8],
        part: Option<&mut Part<'_>>,
        last: bool,
    ) -> Result<(), Option<std::io::Error>> {
        let written = match writer.as_mut() {
            None => Err(None),
            Some(_) if frames.is_empty() => Ok(()),
            Some(open) => open.write(frames, part).map_err(Some),
        };
        let closed = writer.take_if(|_| last || written.is_err());
        drop(writer);
        // Code of the transport, and so unlocked.
        drop(closed);
        written
    }

    /// Why a write failed: the reader's reason if it has one in time, which says more than the error of the write. If a
    /// worker has died, the write fails with a broken pipe, and the reader learns the exit status.
    fn write_failure(&self, failure: Option<std::io::Error>) -> Disconnected {
        let deadline = Deadline::after(REASON_WAIT);
        let mut state = self.state.lock();
        while state.lifecycle.receives() && !deadline.has_passed() {
            state = self.wait(&self.ended, state, deadline);
        }
        match (state.lifecycle.disconnected(), failure) {
            (None, Some(error)) => Disconnected::new(DisconnectReason::Write(error.into()), None),
            _ => state.lifecycle.disconnect_reason(),
        }
    }
}
