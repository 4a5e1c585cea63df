//! Frames from the link into the session.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use super::effects::Effects;
use super::shared::Shared;
use super::state::State;
use super::waiters::WaitFor;
use crate::disconnected::DisconnectReason;
use crate::frame::{FrameReader, ReadError};
use crate::link::{LinkReader, Readiness, Ready};
use crate::link_error::LinkError;
use crate::session::{Event, Message, ProtocolError, Reply};
use crate::sync::Deadline;
use crate::trace;

/// How many answers may wait for a peer that does not read them: less than a megabyte, and more than a burst of
/// questions leaves behind where this side is slow.
const MAX_REPLIES: usize = 16 * 1024;

/// So many messages at most go into the session under one lock, where they came with one read.
const BATCH: usize = 256;

/// The reading end of the link. Who has it reads, and hands what comes to the session.
pub(super) struct LinkInput {
    frames: FrameReader<LinkReader>,
    /// What came with a read and was not handled yet.
    batch: VecDeque<Message>,
    /// Why nothing more is to be read, where a receiver found it: it is the reader's to tell everybody.
    broken: Option<DisconnectReason>,
    /// It cannot be waited for what there is to read.
    unready: bool,
    /// How many reads in a row have brought one small frame each, in answer to what this side had sent in between.
    turns: usize,
}

/// Effects so many answers in a row the two sides are taken to talk in turns.
const PING_PONG_READS: usize = 3;

/// How far a batch was handled.
pub(super) enum Handled {
    All,
    UntilFull,
}

impl LinkInput {
    pub(super) fn new(reader: LinkReader, max_frame: usize) -> Self {
        Self {
            frames: FrameReader::new(reader, max_frame),
            batch: VecDeque::new(),
            broken: None,
            unready: false,
            turns: 0,
        }
    }

    /// Waits for a frame, and takes those that came with it.
    pub(super) fn read(&mut self, shared: &Shared) -> Result<(), DisconnectReason> {
        if let Some(reason) = self.broken.take() {
            return Err(reason);
        }
        loop {
            let message = self.read_message(shared)?;
            self.batch.push_back(message);
            if self.batch.len() >= BATCH || !self.frames.holds_frame() {
                return Ok(());
            }
        }
    }

    /// Waits for bytes, takes the frames that came whole, and hands them to the session. It does not wait for the rest
    /// of a frame: receivers call it, and they can be called away. What goes wrong is left to the reader.
    pub(super) fn read_whole(
        &mut self,
        shared: &Arc<Shared>,
        readiness: &dyn Readiness,
        deadline: Deadline,
    ) {
        let mut done = match self.frames.holds_frame() {
            true => Ok(()),
            false => self.fill(readiness, deadline),
        };
        while done.is_ok() && self.frames.holds_frame() {
            let read = self.read(shared);
            done = self.handle(shared).and(read);
        }
        self.broken = done.err();
    }

    fn fill(
        &mut self,
        readiness: &dyn Readiness,
        deadline: Deadline,
    ) -> Result<(), DisconnectReason> {
        match readiness.wait(deadline.remaining()) {
            Ok(Ready::Read) => match self.frames.read_once().map_err(lost)? {
                0 => Err(DisconnectReason::EndOfStream),
                _ => Ok(()),
            },
            Ok(Ready::Away) => Ok(()),
            Err(_) => {
                self.unready = true;
                Ok(())
            }
        }
    }

    fn handle(&mut self, shared: &Arc<Shared>) -> Result<(), DisconnectReason> {
        let (handled, followed) =
            shared.update(|state, effects| self.handle_in(shared, state, effects));
        handled
            .map(drop)
            .and(followed.map_err(DisconnectReason::Thread))
    }

    /// Hands the session what was read.
    pub(super) fn handle_in(
        &mut self,
        shared: &Shared,
        state: &mut State,
        effects: &mut Effects,
    ) -> Result<Handled, DisconnectReason> {
        let alone = self.batch.len() == 1 && self.frames.is_drained();
        self.turns = match state.reading.take_sent() && alone {
            true => self.turns.saturating_add(1),
            false => 0,
        };
        while let Some(message) = self.batch.pop_front() {
            handle(shared, state, message, effects)?;
            if state.session.is_paused() {
                return Ok(Handled::UntilFull);
            }
        }
        Ok(Handled::All)
    }

    /// Whether a receiver is to go on with it: what was read is handled, nothing is wrong, and the two sides talk in
    /// turns. Where one only sends, the reader gets more with each read, as the receiver is busy with what came before.
    pub(super) fn is_leasable(&self) -> bool {
        let fit = self.broken.is_none() && !self.unready;
        fit && self.turns >= PING_PONG_READS && self.frames.is_drained()
    }

    /// Leaves it to the reader to tell everybody of this end.
    pub(super) fn break_with(&mut self, reason: DisconnectReason) {
        self.broken = Some(reason);
    }

    fn read_message(&mut self, shared: &Shared) -> Result<Message, DisconnectReason> {
        let header = self.frames.next_header().map_err(lost)?;
        let header = header.ok_or(DisconnectReason::EndOfStream)?;
        trace::frame(&shared.config.id, "received", &header);
        let credit = shared.config.credit.is_some();
        Message::admit(&header, credit).map_err(DisconnectReason::Protocol)?;
        let payload = self.frames.payload_of(&header).map_err(lost)?;
        Message::parse(header.with_payload(payload)).map_err(DisconnectReason::Protocol)
    }
}

fn lost(error: ReadError<std::io::Error>) -> DisconnectReason {
    DisconnectReason::Read(error.map_link(LinkError::from))
}

fn handle(
    shared: &Shared,
    state: &mut State,
    message: Message,
    effects: &mut Effects,
) -> Result<(), DisconnectReason> {
    let id = message.channel();
    let wakes = &mut effects.wakes;
    let (called, reply) = match state.session.handle(message) {
        Event::Nothing => return Ok(()),
        Event::Terminated => return Err(DisconnectReason::Terminated),
        Event::Item(waker) => (waker.ring(WaitFor::Item, wakes), None),
        Event::Ended(waker) => (waker.ring(WaitFor::End, wakes), None),
        Event::Credit(waker) => (waker.ring(WaitFor::Room, wakes), None),
        Event::Refused(waker, reply) => (waker.ring(WaitFor::End, wakes), Some(reply)),
        Event::Reply(reply) => (false, Some(reply)),
        Event::Exec(id, payload) => (false, shared.exec(state, id, payload, effects)),
    };
    if called {
        state.call(id, effects);
    }
    reply.map_or(Ok(()), |reply| state.answer(reply, effects))
}

impl State {
    fn answer(&mut self, reply: Reply, effects: &mut Effects) -> Result<(), DisconnectReason> {
        if self.exiting {
            return Ok(());
        }
        self.post([reply], effects);
        if self.outbox.count_answer() > MAX_REPLIES {
            let limit = MAX_REPLIES;
            let error = ProtocolError::TooManyReplies { limit };
            return Err(DisconnectReason::Protocol(error));
        }
        Ok(())
    }
}
