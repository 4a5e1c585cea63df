//! Sending through the proxy gateway, in threads: it blocks if the proxy does not read.

use alloc::sync::Arc;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;

use execnet_core_sync::{Channel, Gateway, SendError, report};
use execnet_serializer::{Bytes, Dict};

use crate::deadline::Deadline;
use crate::proxy::state::{Shared, State};
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
        };
        match sent {
            // The process or its output has ended: the events report that.
            Err(SendError::Closed) => {}
            sent => sent?,
        }
    }
    Ok(())
}

/// Makes the proxy kill the worker, without waiting for either.
pub(super) fn kill(control: &Channel, shared: &Arc<Shared>) {
    let (control, shared) = (control.clone(), Arc::clone(shared));
    // Not through the uplink: if the worker reads nothing, the uplink's thread waits for credit on the data channel.
    let thread = thread::Builder::new().name("execnet kill".to_owned());
    // If no thread can be started, the worker ends with its proxy.
    let _ = thread.spawn(move || {
        // The proxy gets the channel with the call, and drops items that come before.
        let opened = |state: &State| (state.call.is_some() || state.lost.is_some()).then_some(());
        shared.wait(Deadline::NEVER, opened);
        // Fails if the proxy is gone.
        let _ = control.send("kill");
    });
}
