//! The thread that sends through the proxy gateway. It alone may block where the proxy does not read.

use alloc::sync::Arc;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;

use execnet_core_sync::{Channel, Gateway, SendError, report};
use execnet_serializer::{Bytes, Dict};

use crate::proxy::state::Shared;
use crate::python::PROXY;

/// The function of the program of a Python proxy, and of a Rust proxy.
pub(super) const FUNCTION: &str = "execnet_proxy";

/// A message to the proxied worker.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// For standard input.
    Bytes(Vec<u8>),
    /// Closes standard input.
    End,
    Kill,
}

/// The call that starts the proxied worker.
pub(super) struct Opening {
    pub(super) proxy: Gateway,
    pub(super) arguments: Dict,
    pub(super) data: Channel,
    pub(super) control: Channel,
}

/// Starts the thread; it ends when all clones of the returned sender are dropped.
pub(super) fn start(
    name: &str,
    begin: Opening,
    shared: Arc<Shared>,
) -> io::Result<Sender<Outgoing>> {
    let (sender, outgoing) = mpsc::channel();
    let thread = thread::Builder::new().name(format!("proxy to {name}"));
    thread.spawn(move || {
        if let Err(error) = send_all(&begin, &outgoing, &shared) {
            shared.change(|state| state.lost = Some(format!("{:#}", report(&error))));
        }
    })?;
    Ok(sender)
}

fn send_all(
    begin: &Opening,
    outgoing: &mpsc::Receiver<Outgoing>,
    shared: &Shared,
) -> Result<(), SendError> {
    let Opening {
        proxy,
        arguments,
        data,
        control,
    } = begin;
    // Here and not in the caller's thread, which has a deadline: sending to a proxy that does not read blocks.
    let call = proxy.remote_exec_function(&PROXY, FUNCTION, arguments)?;
    call.send((data, control))?;
    shared.change(|state| state.call = Some(call));
    for out in outgoing {
        let sent = match out {
            Outgoing::Bytes(bytes) => data.send(Bytes(&bytes)),
            Outgoing::End => data.send(()),
            Outgoing::Kill => control.send("kill"),
        };
        match sent {
            // The process or its output has ended: the events report that.
            Err(SendError::Closed) => {}
            sent => sent?,
        }
    }
    Ok(())
}
