//! The thread that sends through the middle gateway. It may get stuck, where the middle does not read; nobody else does.

use alloc::sync::Arc;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;

use execnet_core_sync::{Channel, Gateway, SendError, report};
use execnet_serializer::{Bytes, Dict};

use crate::relay::state::Shared;

/// What runs over there.
const RELAY: &str = include_str!("../python/relay.py");

/// Its function.
pub(super) const FUNCTION: &str = "execnet_relay";

/// What is to be sent.
#[derive(Debug)]
pub(super) enum Out {
    /// For standard input.
    Bytes(Vec<u8>),
    /// The end of standard input.
    End,
    Kill,
}

/// What is sent first.
pub(super) struct Begin {
    pub(super) middle: Gateway,
    pub(super) arguments: Dict,
    pub(super) data: Channel,
    pub(super) control: Channel,
}

/// Starts the thread; it ends when all handles of what this returns are dropped.
pub(super) fn start(name: &str, begin: Begin, shared: Arc<Shared>) -> io::Result<Sender<Out>> {
    let (sender, outgoing) = mpsc::channel();
    let thread = thread::Builder::new().name(format!("relay to {name}"));
    thread.spawn(move || {
        if let Err(error) = send_all(&begin, &outgoing, &shared) {
            shared.change(|state| state.lost = Some(format!("{:#}", report(&error))));
        }
    })?;
    Ok(sender)
}

fn send_all(
    begin: &Begin,
    outgoing: &mpsc::Receiver<Out>,
    shared: &Shared,
) -> Result<(), SendError> {
    let Begin {
        middle,
        arguments,
        data,
        control,
    } = begin;
    let call = middle.remote_exec_function(RELAY, FUNCTION, arguments)?;
    call.send((data, control))?;
    shared.change(|state| state.call = Some(call));
    for out in outgoing {
        let sent = match out {
            Out::Bytes(bytes) => data.send(Bytes(&bytes)),
            Out::End => data.send(()),
            Out::Kill => control.send("kill"),
        };
        match sent {
            // The process has ended, or its output has: events tell.
            Err(SendError::Closed) => {}
            sent => sent?,
        }
    }
    Ok(())
}
