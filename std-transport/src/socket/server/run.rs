//! Serving a client that has authenticated: starting its worker, and ending it with the connection.

use alloc::sync::Arc;
use std::io;
use std::net::Shutdown;
use std::sync::mpsc;
use std::thread;

use super::auth::Auth;
use super::candidate::Candidate;
use super::forward::Pipes;
use super::shared::{Shared, Slot};
use super::{ServerEvent, attach, worker};
use crate::process::{Process, Started};
use crate::socket::greeting::Refusal;

/// Serves a client in a thread of its own. Gives the candidate back if no more clients may be served.
pub(super) fn spawn(shared: &Arc<Shared>, candidate: Candidate) -> Result<(), Box<Candidate>> {
    let Some(slot) = Slot::reserve(shared) else {
        return Err(Box::new(candidate));
    };
    let peer = candidate.peer.clone();
    let thread = thread::Builder::new().name(format!("execnet connection of {peer}"));
    // If the thread cannot be started, the closure is dropped, and the connection and its slot with it.
    let started = thread.spawn(move || serve(&slot, candidate));
    if let Err(error) = started {
        shared.emit_refused(&peer, &Refusal::Worker(error));
    }
    Ok(())
}

fn serve(slot: &Slot, candidate: Candidate) {
    let shared = &*slot.shared;
    match start(shared, &candidate) {
        Ok(worker) if slot.register(&worker.process) => run(shared, candidate, worker),
        // The server stops.
        Ok(_) => {}
        Err(error) => {
            let refusal = Refusal::Worker(error);
            shared.emit_refused(&candidate.peer, &refusal);
            candidate.refuse(&refusal).finish();
        }
    }
}

struct Worker {
    process: Arc<Process>,
    /// `None` if the worker uses the connection itself.
    pipes: Option<Pipes>,
}

fn start(shared: &Shared, candidate: &Candidate) -> io::Result<Worker> {
    let (launches, peer) = (&shared.launches, candidate.peer.as_str());
    let stock = matches!(*candidate.auth, Auth::None);
    if candidate.duplex.is_plain() && attach::CAN_SHARE {
        let process = attach::start(launches, &candidate.stream, peer, stock)?;
        let pipes = None;
        return Ok(Worker { process, pipes });
    }
    let Started {
        process,
        stdin,
        stdout,
    } = worker::start_piped(launches, peer, stock)?;
    let pipes = Some(Pipes(stdin, stdout));
    Ok(Worker { process, pipes })
}

/// Returns when the worker has ended and its output has been sent.
fn run(shared: &Shared, candidate: Candidate, worker: Worker) {
    let Candidate {
        stream,
        peer,
        duplex,
        ..
    } = candidate;
    let (ends, client_end) = mpsc::channel();
    let forwarded = worker
        .pipes
        .map(|pipes| duplex.forward(&peer, pipes, ends.clone()));
    let drained = match forwarded {
        None => None,
        Some(Ok(drained)) => Some(drained),
        Some(Err(error)) => return shared.emit_refused(&peer, &Refusal::Worker(error)),
    };
    shared.emit(ServerEvent::Accepted { peer: peer.clone() });
    let grace = shared.options.shutdown_grace;
    let exit = attach::supervise(&worker.process, &stream, (ends, client_end), grace);
    if let Some(drained) = drained {
        // The thread that forwards the output may not have sent the last of it.
        let _ = drained.recv_timeout(grace);
    }
    // The worker's descriptors are closed. Ours, and those of threads that forward, keep the connection open.
    stream.shutdown(Shutdown::Both);
    shared.emit(ServerEvent::Ended { peer, exit });
}
