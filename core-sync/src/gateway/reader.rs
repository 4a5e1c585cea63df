//! The reader: frames into the session.

use alloc::sync::Arc;
use alloc::vec::Vec;

use log::Level;

use super::after::After;
use super::shared::{Shared, State};
use super::waker::Ring;
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::frame::{FrameReader, ReadError};
use crate::link::LinkReader;
use crate::link_error::LinkError;
use crate::session::{Event, Message, ProtocolError, Reply};
use crate::sync::Deadline;
use crate::trace;

/// How many answers may wait for a peer that does not read them: less than a megabyte, and more than a burst of
/// questions leaves behind where this side is slow.
const MAX_REPLIES: usize = 16 * 1024;

/// So many messages at most go into the session under one lock, where they came with one read.
const BATCH: usize = 256;

/// What the reader thread of a gateway does: frames into the session until there are no more.
///
/// It never waits, but for bytes, and for room where the program asked for that: neither for the writer, nor for what
/// the program does.
pub(super) fn run(shared: &Arc<Shared>, reader: LinkReader) {
    let mut frames = FrameReader::new(reader, shared.config.max_frame);
    let mut batch = Vec::new();
    let reason = loop {
        let read = read_batch(shared, &mut frames, &mut batch);
        let handled = handle_batch(shared, &mut batch);
        if let Err(reason) = handled.and(read) {
            break reason;
        }
    };
    // The peer cannot be stuck on writing what nobody reads: it sees that the link is closed.
    drop(frames);
    finish(shared, reason);
}

/// Waits for a frame, and takes those that came with it.
fn read_batch(
    shared: &Shared,
    frames: &mut FrameReader<LinkReader>,
    batch: &mut Vec<Message>,
) -> Result<(), DisconnectReason> {
    loop {
        batch.push(read_message(shared, frames)?);
        if batch.len() >= BATCH || !frames.holds_frame() {
            return Ok(());
        }
    }
}

fn read_message(
    shared: &Shared,
    frames: &mut FrameReader<LinkReader>,
) -> Result<Message, DisconnectReason> {
    let header = frames.next_header().map_err(lost)?;
    let header = header.ok_or(DisconnectReason::EndOfStream)?;
    trace::frame(&shared.config.id, "received", &header);
    let credit = shared.config.credit.is_some();
    Message::admit(&header, credit).map_err(DisconnectReason::Protocol)?;
    let payload = frames.payload_of(&header).map_err(lost)?;
    Message::parse(header.with_payload(payload)).map_err(DisconnectReason::Protocol)
}

fn lost(error: ReadError<std::io::Error>) -> DisconnectReason {
    DisconnectReason::Read(error.map_link(LinkError::from))
}

fn handle_batch(shared: &Arc<Shared>, batch: &mut Vec<Message>) -> Result<(), DisconnectReason> {
    let mut messages = batch.drain(..);
    loop {
        let mut after = After::default();
        let handled = {
            let mut state = shared.state.lock();
            handle_all(shared, &mut state, &mut messages, &mut after)
        };
        shared.follow(after).map_err(DisconnectReason::Thread)?;
        match handled? {
            Handled::All => return Ok(()),
            Handled::UntilFull => wait_for_room(shared),
        }
    }
}

/// How far a batch was handled.
enum Handled {
    All,
    UntilFull,
}

/// Reads no more while the inboxes are full and the program wants that.
fn wait_for_room(shared: &Shared) {
    let mut state = shared.state.lock();
    while state.session.is_paused() {
        state.paused = true;
        state = shared.room.wait(state, Deadline::NEVER);
    }
    state.paused = false;
}

fn handle_all(
    shared: &Shared,
    state: &mut State,
    messages: &mut impl Iterator<Item = Message>,
    after: &mut After,
) -> Result<Handled, DisconnectReason> {
    for message in messages {
        handle(shared, state, message, after)?;
        if state.session.is_paused() {
            return Ok(Handled::UntilFull);
        }
    }
    Ok(Handled::All)
}

fn handle(
    shared: &Shared,
    state: &mut State,
    message: Message,
    after: &mut After,
) -> Result<(), DisconnectReason> {
    let id = message.channel();
    let wakes = &mut after.wakes;
    let (called, reply) = match state.session.handle(message) {
        Event::Nothing => return Ok(()),
        Event::Terminated => return Err(DisconnectReason::Terminated),
        Event::Item(waker) => (waker.ring(Ring::Item, wakes), None),
        Event::Ended(waker) => (waker.ring(Ring::End, wakes), None),
        Event::Credit(waker) => (waker.ring(Ring::Room, wakes), None),
        Event::Refused(waker, reply) => (waker.ring(Ring::End, wakes), Some(reply)),
        Event::Reply(reply) => (false, Some(reply)),
        Event::Exec(id, payload) => (false, shared.exec(state, id, payload, after)),
    };
    if called {
        state.call(id, after);
    }
    reply.map_or(Ok(()), |reply| state.answer(reply, after))
}

impl State {
    fn answer(&mut self, reply: Reply, after: &mut After) -> Result<(), DisconnectReason> {
        if self.exiting {
            return Ok(());
        }
        self.post([reply], after);
        if self.outbox.count_answer() > MAX_REPLIES {
            let limit = MAX_REPLIES;
            let error = ProtocolError::TooManyReplies { limit };
            return Err(DisconnectReason::Protocol(error));
        }
        Ok(())
    }
}

/// Tells everybody who waits, then closes the writing end.
fn finish(shared: &Arc<Shared>, reason: DisconnectReason) {
    let cause = match reason {
        // The link may be all right: there is nothing to wait for.
        DisconnectReason::Terminated
        | DisconnectReason::Protocol(_)
        | DisconnectReason::Thread(_) => None,
        _ => shared.control.post_mortem(),
    };
    let executor = shared.executor();
    let mut after = After::default();
    let lost = {
        let mut state = shared.state.lock();
        let reason = match reason {
            // It is what was asked for.
            DisconnectReason::EndOfStream if state.exiting => DisconnectReason::Exited,
            reason => reason,
        };
        // Code that runs here may say on what it has begun to say.
        state.lingering = executor.is_some()
            && matches!(
                reason,
                DisconnectReason::Terminated | DisconnectReason::EndOfStream
            );
        let lost = Disconnected::new(reason, cause);
        state.disconnect(lost.clone(), &mut after);
        lost
    };
    let what = format_args!("receives no more: {lost}");
    trace::tell(Level::Debug, &shared.config.id, what);
    // Where no thread can be started, callbacks do not hear of the end.
    let _ = shared.follow(after);
    shared.notify_threads();
    if let Some(executor) = executor {
        executor.wind_down();
        shared.flush();
        shared.state.lock().lingering = false;
        shared.notify_threads();
    }
    // It may be held by a write that blocks: that one ends by the peer's going, or by the transport's kill.
    shared.close_writer();
}
