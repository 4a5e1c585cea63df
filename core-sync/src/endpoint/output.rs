//! Writing. One thread at a time has the writing half of the link, and writes without a lock. A thread that only has small
//! frames queues them. If another thread is writing, that thread writes them: it looks at the queue again before it returns
//! the half.

use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::link::Writer;
use super::{Endpoint, EndpointState, Inner};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::SendError;
use crate::frame::MessageCode;
use crate::link_error::LinkError;
use crate::session::{Reply, empty};
use crate::sync::Guard;

/// The place of the writing half of the link.
pub(super) enum WriterSlot {
    /// No thread writes.
    Free(Writer),
    /// A thread has it. A thread that polls returns it without waiting for the link.
    Lent { polled: bool },
    /// It was closed, or a write has failed.
    Closed,
}

/// The right to write, with the writing half. Dropping it closes the half, unless it was returned: code of the
/// transport may have panicked in the middle of a frame.
struct WriteLease<'a> {
    inner: &'a Inner,
    /// `None` if a write has failed.
    writer: Option<Writer>,
    polled: bool,
    is_returned: bool,
}

impl Endpoint {
    /// Exits the gateway: sends TERMINATE to the peer and closes the writing half. Items that the peer still sends can
    /// be received.
    pub fn exit(&self) {
        // Waits for a thread that writes: TERMINATE has to be the last frame, and the half is closed behind it.
        let mut state = self.wait_for_output();
        let alive = state.lifecycle.check_alive().is_ok();
        state.lifecycle.exit();
        let queued = core::mem::take(&mut state.write_queue);
        if let Some(mut lease) = WriteLease::begin(&self.inner, &mut state, false) {
            drop(state);
            if alive {
                // An error means that the peer is gone already.
                let frame = empty(MessageCode::GatewayTerminate, ChannelId(0));
                let _ = lease.write(&queued, &frame);
            }
            // Not returned, and so closed.
            drop(lease);
        }
    }

    /// Writes a frame behind the queued ones, if `allow` returns true. Returns what that has returned.
    pub(super) fn write_if(
        &self,
        frame: &[u8],
        allow: impl FnOnce(&mut EndpointState) -> Result<bool, SendError>,
    ) -> Result<bool, SendError> {
        let mut state = self.wait_for_output();
        // Checked under the lock under which the half is taken: no CLOSE can be written between the check and this frame.
        if !allow(&mut state)? {
            return Ok(false);
        }
        let Some(mut lease) = WriteLease::begin(&self.inner, &mut state, false) else {
            return Err(state.lifecycle.send_error());
        };
        let queued = core::mem::take(&mut state.write_queue);
        drop(state);
        let written = lease.write(&queued, frame);
        // Other threads may have queued frames during the write. After an error the half is closed, and their frames
        // are dropped.
        lease.write_queued();
        written.map_err(|error| Disconnected::new(DisconnectReason::Write(error), None))?;
        Ok(true)
    }

    /// Writes the queued frames, and waits for the link. If another thread is writing, leaves them to that thread.
    pub(super) fn flush(&self) {
        // A thread that polls may leave frames unwritten. It returns the half without waiting, so that this wait is short.
        let is_polled = |output: &WriterSlot| matches!(output, WriterSlot::Lent { polled: true });
        self.flush_with(self.wait_while(is_polled), false);
    }

    /// Writes the queued frames, and waits for the link, and for a thread that is writing.
    pub(super) fn flush_behind_others(&self) {
        self.flush_with(self.wait_for_output(), false);
    }

    /// Writes as many queued bytes as the link takes without waiting. Returns whether it took any.
    pub(super) fn flush_ready(&self) -> bool {
        self.flush_with(self.inner.state.lock(), true)
    }

    fn flush_with(&self, mut state: Guard<'_, EndpointState>, polled: bool) -> bool {
        if !state.is_behind() {
            return false;
        }
        let lease = WriteLease::begin(&self.inner, &mut state, polled);
        drop(state);
        // An error needs no report: the next read finds that the peer is gone.
        lease.is_some_and(WriteLease::write_queued)
    }

    /// Closes the writing half. If a thread is writing, that thread closes it.
    pub(super) fn close_output(&self) {
        let mut state = self.inner.state.lock();
        // For a thread that is writing now. It looks at the mark before it returns the half.
        state.closing = true;
        let lease = WriteLease::begin(&self.inner, &mut state, false);
        drop(state);
        // Not returned, and so closed.
        drop(lease);
    }

    /// Waits until no thread writes.
    fn wait_for_output(&self) -> Guard<'_, EndpointState> {
        self.wait_while(|output| matches!(output, WriterSlot::Lent { .. }))
    }

    fn wait_while(&self, is_lent: impl Fn(&WriterSlot) -> bool) -> Guard<'_, EndpointState> {
        let inner = &*self.inner;
        let mut state = inner.state.lock();
        while is_lent(&state.output) {
            state = inner.returned.wait_for_change(&inner.state, state);
        }
        state
    }
}

impl<'a> WriteLease<'a> {
    /// `None` if another thread has the half, or it is closed.
    fn begin(inner: &'a Inner, state: &mut EndpointState, polled: bool) -> Option<Self> {
        match core::mem::replace(&mut state.output, WriterSlot::Lent { polled }) {
            WriterSlot::Free(writer) => Some(Self {
                inner,
                writer: Some(writer),
                polled,
                is_returned: false,
            }),
            other => {
                state.output = other;
                None
            }
        }
    }

    /// Writes `queued`, then `frame`. Waits for the link.
    fn write(&mut self, queued: &[u8], frame: &[u8]) -> Result<(), LinkError> {
        let Some(open) = &mut self.writer else {
            return Ok(());
        };
        let written = open.write(queued, frame);
        if written.is_err() {
            self.writer = None;
        }
        written
    }

    /// Writes the queued frames, also those that other threads queue meanwhile, and returns the half. Returns whether
    /// the link took any bytes.
    fn write_queued(mut self) -> bool {
        let mut took = false;
        // Bytes that the link has not taken are offered once more, and not again and again.
        let mut retry = true;
        loop {
            let Some(open) = &mut self.writer else {
                return took;
            };
            let unsent = open.backlog();
            let mut state = self.inner.state.lock();
            state.has_rest = unsent > 0;
            // The link takes bytes in order, so that answers beyond the bytes that are left have been written.
            state.answers = state
                .answers
                .min(unsent.saturating_add(state.write_queue.len()));
            // Dropping the lease without returning the half closes it.
            if state.closing {
                return took;
            }
            // Returned under the lock under which the queue is empty: a thread that queues a frame later finds a free half.
            // Frames for which there is no room beside the bytes that the link has not taken stay in the queue.
            let has_room = !self.polled || open.make_room(state.write_queue.len());
            if (state.write_queue.is_empty() || !has_room) && !(retry && unsent > 0) {
                self.give_back(state);
                return took;
            }
            let queued = match has_room {
                true => core::mem::take(&mut state.write_queue),
                false => Vec::new(),
            };
            drop(state);
            took |= self.write_some(queued);
            retry = false;
        }
    }

    fn write_some(&mut self, queued: Vec<u8>) -> bool {
        if !self.polled {
            return self.write(&queued, &[]).is_ok();
        }
        let took = self.writer.as_mut().map(|open| open.write_ready(queued));
        if let Some(Err(_)) = took {
            self.writer = None;
        }
        took.and_then(Result::ok).unwrap_or(false)
    }

    /// Returns the half.
    fn give_back(&mut self, mut state: Guard<'_, EndpointState>) {
        if let Some(writer) = self.writer.take() {
            state.output = WriterSlot::Free(writer);
            self.is_returned = true;
            drop(state);
            self.inner.returned.notify_all();
        }
    }
}

impl Drop for WriteLease<'_> {
    fn drop(&mut self) {
        if self.is_returned {
            return;
        }
        // Code of the transport, and so dropped unlocked.
        self.writer = None;
        let mut state = self.inner.state.lock();
        state.output = WriterSlot::Closed;
        // No thread can write them any more, and `is_behind` must not keep readers trying.
        state.write_queue = Vec::new();
        (state.answers, state.has_rest) = (0, false);
        drop(state);
        self.inner.returned.notify_all();
    }
}

impl EndpointState {
    /// Queues the answer to a request of the peer, and counts it: a peer can send any number of requests.
    pub(super) fn answer(&mut self, reply: Reply) {
        let before = self.write_queue.len();
        self.post([reply]);
        let answer = self.write_queue.len().saturating_sub(before);
        self.answers = self.answers.saturating_add(answer);
    }

    /// Queues frames for the next write, wait or poll.
    pub(super) fn post(&mut self, replies: impl IntoIterator<Item = Reply>) {
        if self.takes_frames() {
            for reply in replies {
                // A reply is short, so that its length fits into a header.
                let _ = reply.append_to(&mut self.write_queue);
            }
        }
    }

    /// Queues an encoded frame.
    pub(super) fn queue(&mut self, frame: &[u8]) {
        if self.takes_frames() {
            self.write_queue.extend_from_slice(frame);
        }
    }

    /// Whether queued frames can still be written.
    fn takes_frames(&self) -> bool {
        self.lifecycle.check_alive().is_ok() && !matches!(self.output, WriterSlot::Closed)
    }
}
