//! Frames to the peer. One thread at a time has the writing half of the link and writes without a lock. A thread that has
//! only small frames to add queues them. Where another thread is writing, it leaves them to that one, which looks at the
//! queue again before it gives the half back.

use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::link::Writer;
use super::{EXECMODEL, Endpoint, Inner, State};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::SendError;
use crate::frame::MessageCode;
use crate::link_error::LinkError;
use crate::session::{Reply, empty};
use crate::sync::Guard;

/// Where the writing half of the link is.
pub(super) enum Output {
    /// No thread writes.
    Free(Writer),
    /// A thread has it. One that polls gives it back without waiting for the link.
    NextItem { polled: bool },
    /// It was closed, or a write has failed.
    Closed,
}

/// The turn to write. It ends also where the link's own code panics: then the half is closed, as a part of a frame may
/// have been written.
struct WriteTurn<'a> {
    inner: &'a Inner,
    /// `None` where writing has failed.
    writer: Option<Writer>,
    polled: bool,
    is_over: bool,
}

impl Endpoint {
    /// Tells the peer to wind down and closes the writing end. What the peer still sends can be received.
    pub fn exit(&self) {
        let mut state = self.await_output();
        let alive = state.check_alive().is_ok();
        state.exiting = true;
        let queued = core::mem::take(&mut state.write_queue);
        if let Some(mut turn) = WriteTurn::begin(&self.inner, &mut state, false) {
            drop(state);
            if let (true, Ok(frame)) = (alive, empty(MessageCode::GatewayTerminate, ChannelId(0))) {
                // A peer that is gone need not be told.
                let _ = turn.write(&queued, &frame);
            }
            // The half is not given back: it is closed.
            drop(turn);
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
        let mut state = self.await_output();
        allow(&mut state)?;
        let Some(mut turn) = WriteTurn::begin(&self.inner, &mut state, false) else {
            return Err(state.lost().into());
        };
        let queued = core::mem::take(&mut state.write_queue);
        drop(state);
        let written = turn.write(&queued, frame);
        turn.write_queued();
        written.map_err(|error| {
            let reason = DisconnectReason::Write(error);
            SendError::Disconnected(Disconnected::new(reason, None)).into()
        })
    }

    /// Writes what is queued, and waits for the link; where another thread does that already, leaves it to that one.
    pub(super) fn flush(&self) {
        let mut state = self.inner.state.lock();
        // A thread that polls may leave a part: it is over in a moment.
        while matches!(state.output, Output::NextItem { polled: true }) {
            state = self.await_change(state);
        }
        self.flush_with(state, false);
    }

    /// Writes what is queued, and waits for the link, and for a thread that writes.
    pub(super) fn flush_behind_others(&self) {
        let state = self.await_output();
        self.flush_with(state, false);
    }

    /// Writes what is queued, as far as the link takes it without waiting. Returns whether it took anything.
    pub(super) fn flush_ready(&self) -> bool {
        self.flush_with(self.inner.state.lock(), true)
    }

    fn flush_with(&self, mut state: Guard<'_, State>, polled: bool) -> bool {
        if !state.is_behind() {
            return false;
        }
        let turn = WriteTurn::begin(&self.inner, &mut state, polled);
        drop(state);
        // Nothing is sent to a peer that is gone; reading will show it.
        turn.is_some_and(WriteTurn::write_queued)
    }

    /// Closes the writing half, or has the thread close it that has it.
    pub(super) fn close_output(&self) {
        let mut state = self.inner.state.lock();
        state.closing = true;
        let turn = WriteTurn::begin(&self.inner, &mut state, false);
        drop(state);
        // The half is not given back: it is closed.
        drop(turn);
    }

    /// Waits until no thread writes.
    fn await_output(&self) -> Guard<'_, State> {
        let mut state = self.inner.state.lock();
        while matches!(state.output, Output::NextItem { .. }) {
            state = self.await_change(state);
        }
        state
    }

    fn await_change<'a>(&'a self, mut state: Guard<'a, State>) -> Guard<'a, State> {
        state.writing += 1;
        let mut state = self.inner.given_back.wait(&self.inner.state, state);
        state.writing -= 1;
        state
    }
}

impl<'a> WriteTurn<'a> {
    /// `None` if another thread has the half, or it is closed.
    fn begin(inner: &'a Inner, state: &mut State, polled: bool) -> Option<Self> {
        match core::mem::replace(&mut state.output, Output::NextItem { polled }) {
            Output::Free(writer) => Some(Self {
                inner,
                writer: Some(writer),
                polled,
                is_over: false,
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

    /// Writes what is queued, and what others queue meanwhile, and gives the half back. Returns whether the link took
    /// anything.
    fn write_queued(mut self) -> bool {
        let mut took = false;
        // Whether the link is to be asked for what it has not taken yet.
        let mut is_left = true;
        loop {
            let Some(open) = &mut self.writer else {
                return took;
            };
            let unsent = open.backlog();
            let mut state = self.inner.state.lock();
            state.has_rest = unsent > 0;
            // The link takes bytes in their order: what is left is the end of what there was.
            state.answers = state
                .answers
                .min(unsent.saturating_add(state.write_queue.len()));
            if state.closing {
                return took;
            }
            if state.write_queue.is_empty() && !(is_left && unsent > 0) {
                self.give_back(state);
                return took;
            }
            let queued = core::mem::take(&mut state.write_queue);
            drop(state);
            took |= self.write_some(&queued);
            is_left = false;
        }
    }

    fn write_some(&mut self, queued: &[u8]) -> bool {
        if !self.polled {
            return self.write(queued, &[]).is_ok();
        }
        let took = self.writer.as_mut().map(|open| open.write_ready(queued));
        if let Some(Err(_)) = took {
            self.writer = None;
        }
        took.and_then(Result::ok).unwrap_or(false)
    }

    /// Under the lock under which the queue was seen to be empty: what is queued later is seen by whoever queues it.
    fn give_back(&mut self, mut state: Guard<'_, State>) {
        if let Some(writer) = self.writer.take() {
            state.output = Output::Free(writer);
            self.is_over = true;
            self.notify(state);
        }
    }

    fn notify(&self, state: Guard<'_, State>) {
        let waiting = state.writing;
        drop(state);
        // Each notification is a system call.
        if waiting > 0 {
            self.inner.given_back.notify_all();
        }
    }
}

impl Drop for WriteTurn<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        // It is code of the transport, and dropped unlocked.
        self.writer = None;
        let mut state = self.inner.state.lock();
        state.output = Output::Closed;
        state.write_queue = Vec::new();
        (state.answers, state.has_rest) = (0, false);
        self.notify(state);
    }
}

impl State {
    /// Answers a question of the peer, who may ask any number of them.
    pub(super) fn answer(&mut self, reply: Reply) {
        let before = self.write_queue.len();
        self.post([reply]);
        let answer = self.write_queue.len().saturating_sub(before);
        self.answers = self.answers.saturating_add(answer);
    }

    pub(super) fn post(&mut self, replies: impl IntoIterator<Item = Reply>) {
        if self.takes_frames() {
            for reply in replies {
                // It is short: it has a length that fits.
                let _ = reply.append_to(&mut self.write_queue, EXECMODEL);
            }
        }
    }

    /// Queues a whole frame.
    pub(super) fn queue(&mut self, frame: &[u8]) {
        if self.takes_frames() {
            self.write_queue.extend_from_slice(frame);
        }
    }

    /// Nothing is sent to a peer that is gone or was sent away, or over a link that takes no more.
    fn takes_frames(&self) -> bool {
        self.check_alive().is_ok() && !matches!(self.output, Output::Closed)
    }
}
