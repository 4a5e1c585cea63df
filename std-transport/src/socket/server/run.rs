//! Connections of clients that have authenticated: served, ended.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::thread;

use rustix::event::PollFlags;

use super::candidate::Candidate;
use super::carry::Pipes;
use super::{Auth, ServerEvent, Shared, worker};
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::peer::{ExitInfo, WorkerHandle as _};
use crate::process::{Process, Started};
use crate::socket::greeting::Refusal;
use crate::socket::stream::Stream;
use crate::wait::Woken;

/// How long the workers of a server that ends may take to die.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// The interval of looks at a connection that the client has closed.
const LOOK: Duration = Duration::from_millis(50);

/// Serves a client that has authenticated, in a thread of its own; gives it back where no more may be served.
pub(super) fn take(shared: &Arc<Shared>, candidate: Candidate) -> Result<(), Box<Candidate>> {
    let Some(slot) = Slot::enter(shared) else {
        return Err(Box::new(candidate));
    };
    let peer = candidate.peer.clone();
    let thread = thread::Builder::new().name(format!("execnet connection of {peer}"));
    // Where it cannot be started, the connection and its place go with the closure.
    let started = thread.spawn(move || serve(&slot, candidate));
    if let Err(error) = started {
        shared.refused(&peer, &Refusal::Worker(error));
    }
    Ok(())
}

/// The place of a connection among those that are served. It is given back when this is dropped, also by a panic.
struct Slot {
    shared: Arc<Shared>,
    number: u64,
}

impl Slot {
    /// `None` if no more may be served.
    fn enter(shared: &Arc<Shared>) -> Option<Self> {
        let number = shared.enter()?;
        let shared = Arc::clone(shared);
        Some(Self { shared, number })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.shared.leave(self.number);
    }
}

fn serve(slot: &Slot, candidate: Candidate) {
    let shared = &*slot.shared;
    match start(shared, &candidate) {
        Ok(started) if shared.assign(slot.number, &started.process) => {
            attend(shared, candidate, started)
        }
        // The server ends.
        Ok(_) => {}
        Err(error) => {
            let refusal = Refusal::Worker(error);
            shared.refused(&candidate.peer, &refusal);
            candidate.refuse(&refusal).finish();
        }
    }
}

/// A worker, and the way to it unless the connection itself is that.
struct Worker {
    process: Arc<Process>,
    pipes: Option<Pipes>,
}

fn start(shared: &Shared, candidate: &Candidate) -> io::Result<Worker> {
    let (launches, peer) = (&shared.launches, candidate.peer.as_str());
    if !candidate.way.is_plain() {
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

/// Stays with the worker until it has ended.
fn attend(shared: &Shared, candidate: Candidate, worker: Worker) {
    let Candidate {
        stream, peer, way, ..
    } = candidate;
    let drained = match worker.pipes.map(|pipes| way.carry(&peer, pipes)) {
        None => None,
        Some(Ok(drained)) => Some(drained),
        Some(Err(error)) => return shared.refused(&peer, &Refusal::Worker(error)),
    };
    shared.tell(ServerEvent::Accepted { peer: peer.clone() });
    let exit = supervise(&worker.process, &stream, shared.options.shutdown_grace);
    if let Some(drained) = drained {
        // What the worker said last may still be on its way.
        let _ = drained.recv_timeout(shared.options.shutdown_grace);
    }
    // The worker's descriptors are closed, ours still keeps the connection.
    stream.shutdown(Shutdown::Both);
    shared.tell(ServerEvent::Ended { peer, exit });
}

/// Waits for the end of the worker, and makes it come when the client has gone.
fn supervise(process: &Process, stream: &Stream, shutdown_grace: Duration) -> Option<Exit> {
    // Once the client has ended its direction, that shows all the time: from then on only its total loss is of
    // interest, and the time.
    let mut kill_at: Option<Deadline> = None;
    loop {
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
            Ok(Woken::Look) => {}
            Ok(Woken::Other(flags)) if !stream.is_cut(flags) && kill_at.is_none() => {
                kill_at = Some(Deadline::after(shutdown_grace));
            }
            // A Unix socket that is closed on both sides shows that all the time too, and not when it is cut then.
            Ok(Woken::Other(flags)) if !stream.is_cut(flags) => {
                process.wait(Deadline::after(deadline.left().min(LOOK)));
            }
            Ok(Woken::Other(_) | Woken::Deadline) | Err(_) => {
                return process.kill().and_then(ExitInfo::exit);
            }
        }
    }
}

#[cfg(target_os = "linux")]
const HALF_CLOSED: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const HALF_CLOSED: PollFlags = PollFlags::HUP;

impl Shared {
    /// A number for a connection, if one more may be served.
    fn enter(&self) -> Option<u64> {
        let mut state = self.state.lock();
        if state.stopping || state.active.len() >= self.options.max_connections {
            return None;
        }
        let number = state.next;
        state.next += 1;
        state.active.insert(number, None);
        Some(number)
    }

    /// Notes the process of a connection; false, and it is killed, where the server ends.
    fn assign(&self, number: u64, process: &Arc<Process>) -> bool {
        let mut state = self.state.lock();
        state.active.insert(number, Some(Arc::clone(process)));
        let stopping = state.stopping;
        drop(state);
        if stopping {
            process.kill();
        }
        !stopping
    }

    fn leave(&self, number: u64) {
        let process = self.state.lock().active.remove(&number);
        // The last handle of a process waits for its end: not under the lock.
        drop(process);
        self.changed.notify_all();
    }

    /// Kills all workers.
    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        state.stopping = true;
        // Before anybody waits: a program that stops its server may end at once.
        drop(state.endpoint.take());
        let processes: Vec<_> = state.active.values().flatten().cloned().collect();
        drop(state);
        processes.iter().for_each(|process| process.signal_kill());
        let busy = |state: &mut super::State| state.active.values().any(Option::is_some);
        let state = self.state.lock();
        drop(self.changed.wait_while(state, END_TIMEOUT, busy));
    }

    pub(super) fn auth(&self) -> Arc<Auth> {
        Arc::clone(&self.auth.lock())
    }

    /// Reports that a client which has authenticated got no worker.
    fn refused(&self, peer: &str, refusal: &Refusal) {
        self.tell(ServerEvent::Refused {
            peer: peer.to_owned(),
            reason: refusal.to_string(),
        });
    }

    pub(super) fn tell(&self, event: ServerEvent) {
        if let Some(events) = &*self.events.lock() {
            // Nobody may listen any more.
            let _ = events.send(event);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::super::{Listen, Server, ServerOptions, Token};
    use super::*;

    #[test]
    fn a_panic_gives_the_place_of_its_connection_back() {
        let options = ServerOptions {
            max_connections: 1,
            ..ServerOptions::default()
        };
        let listen = Listen::Tcp {
            address: ([127, 0, 0, 1], 0).into(),
            token: Token::generate().unwrap(),
        };
        let server = Server::bind(listen, options).unwrap();
        let slot = Slot::enter(&server.shared).unwrap();
        assert!(Slot::enter(&server.shared).is_none());
        let ended = thread::spawn(move || {
            let _slot = slot;
            // Without the report of the process's hook.
            std::panic::resume_unwind(Box::new(()));
        });
        ended.join().unwrap_err();
        assert!(Slot::enter(&server.shared).is_some());
    }
}
