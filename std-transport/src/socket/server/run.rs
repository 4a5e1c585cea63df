//! Serving a client that has authenticated: starting its worker, and ending it with the connection.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::thread;

use rustix::event::PollFlags;

use super::auth::Auth;
use super::candidate::Candidate;
use super::forward::Pipes;
use super::shared::{Shared, Slot};
use super::{ServerEvent, worker};
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::peer::{ExitInfo, WorkerHandle as _};
use crate::process::{Process, Started};
use crate::socket::greeting::Refusal;
use crate::socket::stream::Stream;
use crate::wait::Woken;

/// How often a connection that shows its end all the time is examined.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

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
    if !candidate.duplex.is_plain() {
        let Started {
            process,
            stdin,
            stdout,
        } = worker::start_piped(launches, peer)?;
        let pipes = Some(Pipes(stdin, stdout));
        return Ok(Worker { process, pipes });
    }
    let stock = matches!(*candidate.auth, Auth::None);
    let process = worker::start(launches, candidate.stream.as_fd(), peer, stock)?;
    let pipes = None;
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
    let drained = match worker.pipes.map(|pipes| duplex.forward(&peer, pipes)) {
        None => None,
        Some(Ok(drained)) => Some(drained),
        Some(Err(error)) => return shared.emit_refused(&peer, &Refusal::Worker(error)),
    };
    shared.emit(ServerEvent::Accepted { peer: peer.clone() });
    let exit = supervise(&worker.process, &stream, shared.options.shutdown_grace);
    if let Some(drained) = drained {
        // The thread that forwards the output may not have sent the last of it.
        let _ = drained.recv_timeout(shared.options.shutdown_grace);
    }
    // The worker's descriptors are closed. Ours, and those of threads that forward, keep the connection open.
    stream.shutdown(Shutdown::Both);
    shared.emit(ServerEvent::Ended { peer, exit });
}

/// Waits for the end of the worker, and kills it if it outlives its client: at once if the client has cut the
/// connection, after `shutdown_grace` if it has only ended its direction.
fn supervise(process: &Process, stream: &Stream, shutdown_grace: Duration) -> Option<Exit> {
    // Set when the client has ended its direction. That is a state and not an event: if it were polled further, the
    // poll would return at once all the time.
    let mut kill_at: Option<Deadline> = None;
    loop {
        // First in each round, as an event of the connection hides the end of the process from the wait below. It also
        // reaps the process and kills the rest of its group.
        if let Some(ExitInfo::Process(exit)) = process.wait(Deadline::now()) {
            return Some(exit);
        }
        let wanted = if kill_at.is_none() {
            HALF_CLOSED
        } else {
            PollFlags::empty()
        };
        let deadline = kill_at.unwrap_or(Deadline::NEVER);
        match process.wait_beside(stream.as_fd(), wanted, deadline) {
            Ok(Woken::Check) => {}
            Ok(Woken::Other(flags)) if !stream.is_cut(flags) && kill_at.is_none() => {
                kill_at = Some(Deadline::after(shutdown_grace));
            }
            // Poll cannot be asked to ignore POLLHUP, which a Unix socket reports all the time once both directions
            // have ended, and a cut after that causes no other event: the socket is examined at intervals.
            Ok(Woken::Other(flags)) if !stream.is_cut(flags) => {
                process.wait(Deadline::after(deadline.left().min(POLL_INTERVAL)));
            }
            Ok(Woken::Other(_) | Woken::Deadline) | Err(_) => {
                return process.kill().and_then(ExitInfo::exit);
            }
        }
    }
}

/// The poll event of a peer that has ended its direction.
#[cfg(target_os = "linux")]
const HALF_CLOSED: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const HALF_CLOSED: PollFlags = PollFlags::HUP;
