//! The reading end of a link: frames from the link into the session.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use super::effects::Effects;
use super::shared::Shared;
use super::state::State;
use super::waiters::WaitFor;
use crate::disconnected::DisconnectReason;
use crate::frame::FrameReader;
use crate::link::{LinkReader, PollReader, Ready};
use crate::session::{Event, Message, ProtocolError, Reply};
use crate::sync::Deadline;
use crate::trace;

/// Number of unwritten answers at which the gateway ends: the peer sends requests and does not read. That is less than a
/// megabyte, and more than a burst of requests leaves if this side is slow.
const MAX_REPLIES: usize = 16 * 1024;

/// Number of messages of one read that go into the session under one lock: enough to make the lock cheap, and few enough
/// that senders do not wait long for it.
const BATCH: usize = 256;

/// The reading end of the link, with everything that a read leaves for later. The thread that owns it reads: see
/// [`read_handoff`](super::read_handoff).
pub(super) struct LinkInput {
    frames: FrameReader<LinkReader>,
    /// Messages that were read and not handled yet. If an inbox is full, the rest of a batch stays here.
    batch: VecDeque<Message>,
    // Only the reader thread ends the gateway. A receiver would have to wait for the cause of the end, without the timeout
    // that its caller has asked for.
    /// Why reading ended, if a receiver found it.
    pub(super) broken: Option<DisconnectReason>,
    /// Polling the link has failed: receivers do not read any more.
    unready: bool,
    /// Number of reads in a row that brought one frame each, in answer to what this side had sent in between.
    ping_pongs: usize,
}

/// Number of such reads after which the two ends count as playing ping-pong. One alone also occurs in a stream.
const PING_PONG_READS: usize = 3;

/// How far a batch was handled: `UntilFull` if an inbox is full and the program wants the reader to pause.
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
            ping_pongs: 0,
        }
    }

    /// Reads a frame, which may block, and the frames that are whole in the buffer behind it, which does not.
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

    /// Polls for bytes, and hands the complete frames to the session. For receivers with a lease: it never blocks in a
    /// read, which could not be interrupted, and so leaves an incomplete frame to the next call. Errors are kept for
    /// the reader.
    pub(super) fn read_whole(
        &mut self,
        shared: &Arc<Shared>,
        poll_reader: &dyn PollReader,
        deadline: Deadline,
    ) {
        let mut done = match self.frames.holds_frame() {
            true => Ok(()),
            false => self.fill(poll_reader, deadline),
        };
        while done.is_ok() && self.frames.holds_frame() {
            let read = self.read(shared);
            // Also if the read has failed: the frames in front of the fault are handled first.
            done = self.handle(shared).and(read);
        }
        self.broken = done.err();
    }

    /// Waits for bytes, and reads once.
    fn fill(
        &mut self,
        poll_reader: &dyn PollReader,
        deadline: Deadline,
    ) -> Result<(), DisconnectReason> {
        match poll_reader.wait(deadline.remaining()) {
            Ok(Ready::Read) => match self.frames.read_once()? {
                0 => Err(DisconnectReason::EndOfStream),
                _ => Ok(()),
            },
            Ok(Ready::Interrupted) => Ok(()),
            // The link itself may be sound: the reader finds out, by reading.
            Err(_) => {
                self.unready = true;
                Ok(())
            }
        }
    }

    fn handle(&mut self, shared: &Arc<Shared>) -> Result<(), DisconnectReason> {
        let (handled, started) =
            shared.update(|state, effects| self.handle_in(shared, state, effects));
        handled
            .map(drop)
            .and(started.map_err(DisconnectReason::Thread))
    }

    /// Hands the batch to the session.
    pub(super) fn handle_in(
        &mut self,
        shared: &Shared,
        state: &mut State,
        effects: &mut Effects,
    ) -> Result<Handled, DisconnectReason> {
        // Every batch resets `sent`, so that a stream of the peer does not count as answers to a single item of this side.
        let alone = self.batch.len() == 1 && self.frames.is_drained();
        self.ping_pongs = match state.read_role.take_sent() && alone {
            true => self.ping_pongs.saturating_add(1),
            false => 0,
        };
        while let Some(message) = self.batch.pop_front() {
            handle(shared, state, message, effects)?;
            // After each message: the limits are exceeded by one item at most, and not by a batch.
            if state.session.is_paused() {
                return Ok(Handled::UntilFull);
            }
        }
        Ok(Handled::All)
    }

    /// Whether a receiver may read: everything is handled, nothing is wrong, and the two ends play ping-pong. If the peer
    /// only sends, a reader thread is faster: it reads the next items while the receiver works on the last.
    pub(super) fn is_leasable(&self) -> bool {
        let sound = self.broken.is_none() && !self.unready;
        sound && self.ping_pongs >= PING_PONG_READS && self.frames.is_drained()
    }

    fn read_message(&mut self, shared: &Shared) -> Result<Message, DisconnectReason> {
        let credit = shared.config.credit.is_some();
        let frame = self.frames.next_frame_if(|header| {
            Message::admit(header, credit).map_err(DisconnectReason::from)
        })?;
        let frame = frame.ok_or(DisconnectReason::EndOfStream)?;
        trace::frame(
            &shared.config.id,
            "received",
            &frame.header(),
            &frame.payload,
        );
        // Parsed here, where nothing is locked: scanning a large item for channels takes time.
        Ok(Message::parse(frame)?)
    }
}

fn handle(
    shared: &Shared,
    state: &mut State,
    message: Message,
    effects: &mut Effects,
) -> Result<(), DisconnectReason> {
    let id = message.channel();
    let notifications = &mut effects.notifications;
    let (called, reply) = match state.session.handle(message) {
        Event::Nothing => return Ok(()),
        Event::Terminated => return Err(DisconnectReason::Terminated),
        Event::Item(waiters) => (waiters.notify(WaitFor::Item, notifications), None),
        Event::Ended(waiters) => (waiters.notify(WaitFor::End, notifications), None),
        Event::Credit(waiters) => (waiters.notify(WaitFor::Room, notifications), None),
        Event::Refused(waiters, reply) => {
            (waiters.notify(WaitFor::End, notifications), Some(reply))
        }
        Event::Reply(reply) => (false, Some(reply)),
        Event::Exec(id, payload) => (false, shared.exec(state, id, payload, effects)),
    };
    if called {
        state.queue_callback(id, effects);
    }
    reply.map_or(Ok(()), |reply| state.answer(reply, effects))
}

impl State {
    fn answer(&mut self, reply: Reply, effects: &mut Effects) -> Result<(), DisconnectReason> {
        // Nothing may follow the last frame. It must not be counted either, or a peer that keeps asking while this side
        // exits would turn a clean end into a protocol error.
        if self.lifecycle.is_exiting() {
            return Ok(());
        }
        self.post([reply], effects);
        if self.write_queue.count_answer() > MAX_REPLIES {
            let limit = MAX_REPLIES;
            let error = ProtocolError::TooManyReplies { limit };
            return Err(error.into());
        }
        Ok(())
    }
}
