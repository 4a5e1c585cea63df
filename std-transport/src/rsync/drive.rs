//! The machines at work on a channel.

use alloc::sync::Arc;
use core::time::Duration;
use std::sync::mpsc::{Receiver as Inbox, RecvTimeoutError, TryRecvError};

use execnet_serializer::Value;

use super::parcel::Parcel;
use super::port::{Port, Trouble};
use super::protocol::{FromSource, FromTarget, Violation};
use super::receiver::{Receiver, Watcher};
use super::sender::{Listener, Sender};
use super::walk::{Judge, Walk};

/// What the sender for one target waits for: the next part of the listing, or something from the target.
#[derive(Debug)]
pub(crate) enum Event {
    List(Arc<Vec<u8>>),
    Item(Value),
    Trouble(Trouble),
}

/// Sends a tree that somebody else lists, until the target has it.
///
/// # Errors
/// The target is gone, or breaks the protocol.
pub(crate) fn send<L: Listener>(
    sender: &mut Sender<L>,
    port: &impl Port,
    events: &Inbox<Event>,
    idle_timeout: Option<Duration>,
) -> Result<(), Trouble> {
    let mut parcel = Parcel::new(port.takes_pieces());
    while !sender.is_done() {
        // Requests and listings first: while the target works on them, there is time to read files.
        match next_event(events, sender.can_send(), idle_timeout)? {
            Some(Event::List(sections)) => port.send(FromSource::List(sections))?,
            Some(Event::Item(item)) => {
                let message = FromTarget::try_from(item)?;
                sender.handle(&message, &mut Vec::new())?;
            }
            Some(Event::Trouble(trouble)) => return Err(trouble),
            None => {
                sender.fill(&mut parcel);
                sender.sent(port.send_parcel(&parcel)?);
            }
        }
    }
    port.send(FromSource::Finish)
}

fn next_event(
    events: &Inbox<Event>,
    busy: bool,
    idle_timeout: Option<Duration>,
) -> Result<Option<Event>, Trouble> {
    if busy {
        return match events.try_recv() {
            Ok(event) => Ok(Some(event)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Trouble::Gone),
        };
    }
    match idle_timeout {
        None => events.recv().map(Some).map_err(|_| Trouble::Gone),
        Some(idle_timeout) => events
            .recv_timeout(idle_timeout)
            .map(Some)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => Trouble::Silence(idle_timeout),
                RecvTimeoutError::Disconnected => Trouble::Gone,
            }),
    }
}

/// Lists and sends a tree on one thread: all of it, or the folders that the target asks for.
///
/// # Errors
/// The target is gone, or breaks the protocol.
pub(crate) fn send_listing<L: Listener, J: Judge>(
    sender: &mut Sender<L>,
    walk: &mut Walk<J>,
    asked: bool,
    port: &impl Port,
) -> Result<(), Trouble> {
    let mut parcel = Parcel::new(port.takes_pieces());
    let mut asks = Vec::new();
    let mut listing = !asked;
    while !sender.is_done() {
        // What came meanwhile waits until the window is used up: the target has enough to do until then.
        if sender.can_send() {
            sender.fill(&mut parcel);
            sender.sent(port.send_parcel(&parcel)?);
            continue;
        }
        let item = match port.receive(listing.then_some(Duration::ZERO)) {
            Err(Trouble::Silence(_)) if listing => {
                listing = emit(port, |emit| walk.list_next(emit))?;
                continue;
            }
            received => received?,
        };
        sender.handle(&FromTarget::try_from(item)?, &mut asks)?;
        if !asked && !asks.is_empty() {
            return Err(Violation::OutOfTurn.into());
        }
        emit(port, |emit| {
            for folder in asks.drain(..) {
                walk.list(folder, emit);
            }
            if asked {
                walk.flush(emit);
            }
        })?;
    }
    port.send(FromSource::Finish)
}

/// Sends what is listed.
fn emit<T>(
    port: &impl Port,
    list: impl FnOnce(&mut dyn FnMut(Vec<u8>)) -> T,
) -> Result<T, Trouble> {
    let mut sent = Ok(());
    let listed = list(&mut |sections| {
        if sent.is_ok() {
            sent = port.send(FromSource::List(Arc::new(sections)));
        }
    });
    sent.map(|()| listed)
}

/// Receives a tree, until everything is in its place and the source knows.
///
/// # Errors
/// The source is gone, or breaks the protocol.
pub(crate) fn receive<W: Watcher>(
    receiver: &mut Receiver<W>,
    port: &impl Port,
    idle_timeout: Option<Duration>,
) -> Result<(), Trouble> {
    let mut out = Vec::new();
    receiver.begin(&mut out);
    loop {
        for message in out.drain(..) {
            port.send(message)?;
        }
        if receiver.is_finished() {
            return Ok(());
        }
        let message = FromSource::try_from(port.receive_payload(idle_timeout)?)?;
        receiver.handle(message, &mut out)?;
    }
}
