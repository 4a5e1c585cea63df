//! Runs the state machines of both sides over a channel.

use alloc::sync::Arc;
use core::time::Duration;
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, TryRecvError};

use execnet_serializer::Value;

use super::data_message::DataMessage;
use super::observer::Observer;
use super::protocol::{FromSource, FromTarget, ProtocolError};
use super::receiver::Receiver;
use super::sender::Sender;
use super::sync_channel::{SyncChannel, SyncErrorKind};
use super::walk::Walk;

/// What the sender for one target waits for: the next part of the listing, or an item from the target.
#[derive(Debug)]
pub(crate) enum Event {
    List(Arc<Vec<u8>>),
    Item(Value),
    Failed(SyncErrorKind),
}

/// Sends a tree, which another thread lists, until the target has it.
///
/// # Errors
/// The target is lost or violates the protocol.
pub(crate) fn send<O: Observer>(
    sender: &mut Sender<O>,
    channel: &impl SyncChannel,
    events: &Inbox<Event>,
    idle_timeout: Option<Duration>,
) -> Result<(), SyncErrorKind> {
    let mut message = DataMessage::new(channel.takes_file_ranges());
    while !sender.is_done() {
        // Requests and listings first: while the target works on them, there is time to read files.
        match next_event(events, sender.can_send(), idle_timeout)? {
            Some(Event::List(sections)) => channel.send(FromSource::List(sections))?,
            Some(Event::Item(item)) => {
                let message = FromTarget::try_from(item)?;
                sender.handle(&message, &mut Vec::new())?;
            }
            Some(Event::Failed(kind)) => return Err(kind),
            None => {
                sender.fill(&mut message);
                sender.sent(channel.send_data(&message)?);
            }
        }
    }
    channel.send(FromSource::Finish)
}

fn next_event(
    events: &Inbox<Event>,
    busy: bool,
    idle_timeout: Option<Duration>,
) -> Result<Option<Event>, SyncErrorKind> {
    if busy {
        return match events.try_recv() {
            Ok(event) => Ok(Some(event)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(SyncErrorKind::Gone),
        };
    }
    match idle_timeout {
        None => events.recv().map(Some).map_err(|_| SyncErrorKind::Gone),
        Some(idle_timeout) => events
            .recv_timeout(idle_timeout)
            .map(Some)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => SyncErrorKind::Silence(idle_timeout),
                RecvTimeoutError::Disconnected => SyncErrorKind::Gone,
            }),
    }
}

/// Lists and sends a tree on one thread: all of it, or the folders that the target asks for.
///
/// # Errors
/// The target is lost or violates the protocol.
pub(crate) fn send_listing<S: Observer, W: Observer>(
    sender: &mut Sender<S>,
    walk: &mut Walk<W>,
    asked: bool,
    channel: &impl SyncChannel,
) -> Result<(), SyncErrorKind> {
    let mut message = DataMessage::new(channel.takes_file_ranges());
    let mut asks = Vec::new();
    let mut listing = !asked;
    while !sender.is_done() {
        // Messages of the target are read only when the window is used up: until then it has enough to do.
        if sender.can_send() {
            sender.fill(&mut message);
            sender.sent(channel.send_data(&message)?);
            continue;
        }
        // While there is something to list, the target is only asked, and not waited for.
        let item = match channel.receive(listing.then_some(Duration::ZERO)) {
            Err(SyncErrorKind::Silence(_)) if listing => {
                listing = emit(channel, |emit| walk.list_next(emit))?;
                continue;
            }
            received => received?,
        };
        sender.handle(&FromTarget::try_from(item)?, &mut asks)?;
        if !asked && !asks.is_empty() {
            return Err(ProtocolError::OutOfTurn.into());
        }
        emit(channel, |emit| {
            for folder in asks.drain(..) {
                walk.list(folder, emit);
            }
            if asked {
                walk.flush(emit);
            }
        })?;
    }
    channel.send(FromSource::Finish)
}

/// Sends the sections that `list` emits.
fn emit<T>(
    channel: &impl SyncChannel,
    list: impl FnOnce(&mut dyn FnMut(Vec<u8>)) -> T,
) -> Result<T, SyncErrorKind> {
    let mut sent = Ok(());
    let listed = list(&mut |sections| {
        if sent.is_ok() {
            sent = channel.send(FromSource::List(Arc::new(sections)));
        }
    });
    sent.map(|()| listed)
}

/// Receives a tree until everything is in its place and the source has been told.
///
/// # Errors
/// The source is lost or violates the protocol.
pub(crate) fn receive<O: Observer>(
    receiver: &mut Receiver<O>,
    channel: &impl SyncChannel,
    idle_timeout: Option<Duration>,
) -> Result<(), SyncErrorKind> {
    let mut out = Vec::new();
    receiver.begin(&mut out);
    loop {
        for message in out.drain(..) {
            channel.send(message)?;
        }
        if receiver.is_finished() {
            return Ok(());
        }
        let message = FromSource::try_from(channel.receive_payload(idle_timeout)?)?;
        receiver.handle(message, &mut out)?;
    }
}
