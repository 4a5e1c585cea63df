//! Threads that wait read the link: one at a time, until a frame was handled. A thread that polls reads what is there.

use super::link::Reader;
use super::{Endpoint, Inner, State};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::frame::{FrameReader, Header, ReadError};
use crate::session::Message;
use crate::sync::Guard;

/// How many frames one [`Endpoint::poll`] handles at most: a peer that never stops sending does not keep it.
const POLLED: usize = 32;

/// With more bytes of answers than this waiting for the link no frame is polled: those to a peer that asks and does not
/// read would pile up. Only answers count. Two ends that stop reading until their other frames are written would wait
/// for each other, and answers are not answered.
const MAX_ANSWERS: usize = 4096;

/// What is read.
pub(super) struct EndpointInput {
    frames: FrameReader<Reader>,
    /// The header of a frame whose payload has not come yet.
    begun: Option<Header>,
}

impl EndpointInput {
    pub(super) fn new(frames: FrameReader<Reader>) -> Self {
        let begun = None;
        Self { frames, begun }
    }

    /// The next message; `None` if it would have to be waited for.
    fn next(&mut self, polled: bool, credit: bool) -> Result<Option<Message>, DisconnectReason> {
        self.frames.link().polled = polled;
        match self.read(credit) {
            Err(DisconnectReason::Read(ReadError::Link(error))) if error.is_not_ready() => Ok(None),
            read => read.map(Some),
        }
    }

    fn read(&mut self, credit: bool) -> Result<Message, DisconnectReason> {
        let header = match self.begun.take() {
            Some(header) => header,
            None => self.next_header(credit)?,
        };
        let payload = self.frames.payload_of(&header);
        if let Err(ReadError::Link(_)) = &payload {
            self.begun = Some(header);
        }
        let payload = payload.map_err(DisconnectReason::Read)?;
        Message::parse(header.with_payload(payload)).map_err(DisconnectReason::Protocol)
    }

    fn next_header(&mut self, credit: bool) -> Result<Header, DisconnectReason> {
        let header = self.frames.next_header().map_err(DisconnectReason::Read)?;
        let header = header.ok_or(DisconnectReason::EndOfStream)?;
        Message::admit(&header, credit).map_err(DisconnectReason::Protocol)?;
        Ok(header)
    }
}

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
                let is_behind = state.is_behind();
                drop(state);
                let turn = ReadTurn(inner);
                if is_behind {
                    self.flush_before_reading();
                }
                self.read(false);
                drop(turn);
                state = inner.state.lock();
            }
        }
    }

    /// The peer may answer only what it has got whole.
    fn flush_before_reading(&self) {
        match self.may_answer() {
            true => self.flush(),
            // A thread writes, and the peer takes nothing.
            false => self.flush_behind_others(),
        }
    }

    /// Makes progress without waiting: writes what waits to be written, as far as the link takes it, and handles the
    /// frames that are there. Returns whether anything was done: while it is, it is worth polling again.
    ///
    /// Items that came can then be taken with [`try_receive`](super::EndpointChannel::try_receive), and calls be run
    /// with [`serve_pending`](Self::serve_pending). See the [module](super#polling) for a main loop.
    ///
    /// It needs an endpoint of [`pollable`](Self::pollable): one of [`new`](Self::new) cannot ask its link what is there,
    /// and handles the frames that were read already.
    ///
    /// # Errors
    ///
    /// Nothing more will come: the peer is gone, or has left after [`exit`](Self::exit). Items that came before can still be
    /// received.
    pub fn poll(&self) -> Result<bool, Disconnected> {
        let progress = self.advance();
        let state = self.inner.state.lock();
        match &state.disconnected {
            Some(lost) => Err(lost.clone()),
            None => Ok(progress),
        }
    }

    /// As [`poll`](Self::poll), whatever became of the endpoint.
    pub(super) fn advance(&self) -> bool {
        let mut progress = self.flush_ready();
        let Some(turn) = self.try_read_turn() else {
            return progress;
        };
        let mut frames = 0;
        while frames < POLLED && self.may_answer() && self.read(true) {
            frames += 1;
        }
        drop(turn);
        progress |= frames > 0;
        progress | self.flush_ready()
    }

    fn try_read_turn(&self) -> Option<ReadTurn<'_>> {
        let mut state = self.inner.state.lock();
        let is_free = !core::mem::replace(&mut state.is_read, true);
        is_free.then(|| ReadTurn(&self.inner))
    }

    /// Reads and handles a frame. False if it would have to be waited for, or there are no more.
    fn read(&self, polled: bool) -> bool {
        let mut reader = self.inner.reader.lock();
        let Some(input) = reader.as_mut() else {
            return false;
        };
        match self.step(input, polled) {
            Ok(handled) => handled,
            Err(reason) => {
                *reader = None;
                self.finish(reason);
                false
            }
        }
    }

    fn step(&self, input: &mut EndpointInput, polled: bool) -> Result<bool, DisconnectReason> {
        let credit = self.inner.config.credit.is_some();
        let Some(message) = input.next(polled, credit)? else {
            return Ok(false);
        };
        let is_behind = {
            let mut state = self.inner.state.lock();
            state.handle(message)?;
            state.is_behind()
        };
        if is_behind && !polled {
            self.flush();
        }
        Ok(true)
    }

    fn may_answer(&self) -> bool {
        self.inner.state.lock().answers <= MAX_ANSWERS
    }
}

/// The turn to read. It ends also where the link's own code panics.
struct ReadTurn<'a>(&'a Inner);

impl Drop for ReadTurn<'_> {
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
