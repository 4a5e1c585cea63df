use alloc::sync::Arc;
use alloc::vec::Vec;

use super::shared::{Job, Shared};
use super::waker::Wake;
use super::{dispatch, executor};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::frame::FrameReader;
use crate::link::LinkReader;
use crate::session::{Event, Message, ProtocolError, Reply};

/// How many answers may wait for a peer that does not read them: less than a megabyte, and more than a burst of
/// questions leaves behind where this side is slow.
const MAX_REPLIES: usize = 16 * 1024;

/// What the reader thread of a gateway does: frames into the session until there are no more.
///
/// It never waits, but for bytes: neither for the writer, nor for what the program does.
pub(super) fn run(shared: &Arc<Shared>, reader: LinkReader) {
    let mut frames = FrameReader::new(reader, shared.config.max_frame);
    let reason = loop {
        if let Err(reason) = step(shared, &mut frames) {
            break reason;
        }
    };
    // The peer cannot be stuck on writing what nobody reads: it sees that the link is closed.
    drop(frames);
    finish(shared, reason);
}

fn step(
    shared: &Arc<Shared>,
    frames: &mut FrameReader<LinkReader>,
) -> Result<(), DisconnectReason> {
    let header = frames.next_header().map_err(DisconnectReason::Read)?;
    let header = header.ok_or(DisconnectReason::EndOfStream)?;
    Message::admit(&header).map_err(DisconnectReason::Protocol)?;
    let frame = frames.payload_of(&header).map_err(DisconnectReason::Read)?;
    let message = Message::parse(header.with_payload(frame)).map_err(DisconnectReason::Protocol)?;
    handle(shared, message)
}

fn handle(shared: &Arc<Shared>, message: Message) -> Result<(), DisconnectReason> {
    let mut state = shared.state.lock();
    let wake = match state.session.handle(message) {
        Event::Nothing => None,
        Event::Item(waker) => waker.item(),
        Event::Ended(waker) => waker.ended(),
        Event::Terminated => return Err(DisconnectReason::Terminated),
        Event::Reply(reply) => {
            drop(state);
            return answer(shared, reply);
        }
        Event::Exec(id, payload) => {
            drop(state);
            let reply = executor::exec(shared, id, payload);
            return reply.map_or(Ok(()), |reply| answer(shared, reply));
        }
    };
    drop(state);
    wake.into_iter().for_each(Wake::notify);
    Ok(())
}

fn answer(shared: &Arc<Shared>, reply: Reply) -> Result<(), DisconnectReason> {
    let (exiting, waiting) = {
        let state = shared.state.lock();
        (state.exiting, state.jobs.len())
    };
    if exiting {
        return Ok(());
    }
    if waiting >= MAX_REPLIES {
        let limit = MAX_REPLIES;
        return Err(DisconnectReason::Protocol(ProtocolError::TooManyReplies {
            limit,
        }));
    }
    dispatch::submit(shared, Job::Reply(reply)).map_err(DisconnectReason::Thread)
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
    let executor = shared
        .executor
        .get()
        .and_then(|executor| executor.upgrade());
    let wakes: Vec<Wake> = {
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
        state.disconnect(Disconnected::new(reason, cause))
    };
    wakes.into_iter().for_each(Wake::notify);
    shared.work.notify_all();
    shared.ended.notify_all();
    if let Some(executor) = executor {
        executor.wind_down();
        shared.state.lock().lingering = false;
    }
    // It may be held by a write that blocks: that one ends by the peer's going, or by the transport's kill.
    shared.close_writer();
}
