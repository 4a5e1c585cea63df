//! Connections: taken, checked, served, ended.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, PipeReader, Write as _};
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::listen::Listener;
#[cfg(feature = "tls")]
use super::sealed;
use super::{Access, ServerEvent, Shared, worker};
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::process::Process;
use crate::socket::greeting::{Refusal, check};
use crate::socket::stream::Stream;
use crate::transport::{End, Peer as _};
use crate::wait::{Woken, timespec};

/// How long a server that has no descriptor or thread left waits before it looks again.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// How long the workers of a server that ends may take to die.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// How long a refused client may take to read why.
pub(super) const REFUSAL_PATIENCE: Duration = Duration::from_secs(1);

/// How much of what a refused client sends is read, so that it gets to read why.
const REFUSAL_BYTES: usize = 1 << 20;

/// Takes connections until the server is stopped.
pub(super) fn accept_all(
    listener: &Listener,
    shared: &Arc<Shared>,
    stopped: &PipeReader,
) -> io::Result<()> {
    while wait(listener, stopped, None)? {
        match listener.accept() {
            Ok((stream, peer)) => take(shared, stream, peer),
            Err(error) if is_exhaustion(&error) => {
                // The connection stays where it is until there is room.
                pause(stopped)?;
            }
            // That client is gone already, or it was an interruption.
            Err(_) => {}
        }
    }
    Ok(())
}

/// Waits for a connection; false once the server is stopped.
fn wait(listener: &Listener, stopped: &PipeReader, patience: Option<Duration>) -> io::Result<bool> {
    let mut ends = [
        PollFd::new(stopped, PollFlags::IN),
        PollFd::new(listener, PollFlags::IN),
    ];
    match poll(&mut ends, patience.map(timespec).as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(ends[0].revents().is_empty()),
        Err(error) => Err(error.into()),
    }
}

fn pause(stopped: &PipeReader) -> io::Result<()> {
    let mut ends = [PollFd::new(stopped, PollFlags::IN)];
    match poll(&mut ends, Some(&timespec(EXHAUSTED))) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn is_exhaustion(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS)
    )
}

/// Serves a connection in a thread of its own.
fn take(shared: &Arc<Shared>, stream: Stream, peer: String) {
    let number = shared.enter();
    let ours = Arc::clone(shared);
    let thread = thread::Builder::new().name(format!("execnet connection of {peer}"));
    let stream = Arc::new(stream);
    let started = thread.spawn(move || {
        let outcome = match number {
            Some(number) => serve(&ours, number, &stream, &peer),
            None => Err(Refusal::TooMany),
        };
        if let Err(refusal) = outcome {
            ours.tell(ServerEvent::Refused {
                peer,
                reason: refusal.to_string(),
            });
            refuse(&ours, &stream, &refusal);
        }
        number.into_iter().for_each(|number| ours.leave(number));
    });
    if started.is_err() {
        // No thread to be had: the connection went with the closure.
        number.into_iter().for_each(|number| shared.leave(number));
    }
}

fn serve(shared: &Shared, number: u64, stream: &Arc<Stream>, peer: &str) -> Result<(), Refusal> {
    #[cfg(feature = "tls")]
    if let Access::Sealed(sealed) = &shared.access {
        return sealed::serve(shared, sealed, number, stream, peer);
    }
    let deadline = Deadline::after(shared.options.handshake_timeout);
    admit(shared, stream, deadline)?;
    let stock = matches!(shared.access, Access::Everybody);
    let process = worker::start(&shared.launches, stream.as_fd(), peer, stock);
    let process = process.map_err(Refusal::Worker)?;
    if !shared.assign(number, &process) {
        return Ok(());
    }
    shared.tell(ServerEvent::Accepted {
        peer: peer.to_owned(),
    });
    let exit = supervise(&process, stream, shared.options.linger);
    // The worker's descriptors are closed, ours still keeps the connection.
    stream.shutdown(Shutdown::Both);
    shared.tell(ServerEvent::Ended {
        peer: peer.to_owned(),
        exit,
    });
    Ok(())
}

/// Whether this client may have a worker. Nothing is started, and nothing of it evaluated, before.
fn admit(shared: &Shared, stream: &Stream, deadline: Deadline) -> Result<(), Refusal> {
    let mut wire = stream;
    match &shared.access {
        Access::SameUser => {
            let stranger = |(_, uid): (i32, u32)| uid != geteuid().as_raw();
            if stream.peer_process().is_some_and(stranger) {
                return Err(Refusal::OtherUser);
            }
            check(&mut wire, None, deadline)
        }
        Access::Token(token) => check(&mut wire, Some(token), deadline),
        // Has a way of its own.
        #[cfg(feature = "tls")]
        Access::Sealed(_) => Err(Refusal::NoGreeting),
        // A process is started when something comes.
        Access::Everybody => stream
            .wait_input(deadline)
            .map_err(Refusal::Io)?
            .then_some(())
            .ok_or(Refusal::Late),
    }
}

/// Tells the client why, if it listens.
fn refuse(shared: &Shared, stream: &Stream, refusal: &Refusal) {
    let mut wire = stream;
    let text = format!("execnet: refused: {refusal}\n");
    if shared.access.is_open() && wire.write_all(text.as_bytes()).is_err() {
        return;
    }
    stream.shutdown(Shutdown::Write);
    // Closing with input unread would take the text away from the client.
    let deadline = Deadline::after(REFUSAL_PATIENCE);
    let mut buffer = [0; 4096];
    let mut drained = 0;
    while drained < REFUSAL_BYTES {
        let left = deadline.left();
        match stream.turn(&[], &mut buffer, left) {
            Ok(turn) if !left.is_zero() => match turn.received {
                Some(0) => return,
                size => drained += size.unwrap_or(0),
            },
            _ => return,
        }
    }
}

/// Waits for the end of the worker, and makes it come when the client has gone.
pub(super) fn supervise(process: &Process, stream: &Stream, linger: Duration) -> Option<Exit> {
    // Once the client has ended its direction, that shows all the time: from then on only its total loss is of
    // interest, and the time.
    let mut lingering: Option<Deadline> = None;
    loop {
        if let Some(End::Process(exit)) = process.wait(Deadline::now()) {
            return Some(exit);
        }
        let wanted = if lingering.is_none() {
            HALF_CLOSED
        } else {
            PollFlags::empty()
        };
        let deadline = lingering.unwrap_or(Deadline::NEVER);
        match process.wait_beside(stream.as_fd(), wanted, deadline) {
            Ok(Woken::Look) => {}
            Ok(Woken::Other(flags)) if !stream.is_cut(flags) && lingering.is_none() => {
                lingering = Some(Deadline::after(linger));
            }
            // A Unix socket that is closed on both sides shows that all the time too.
            Ok(Woken::Other(flags)) if !stream.is_cut(flags) => {
                let end = process.wait(deadline).and_then(End::exit);
                return end.or_else(|| process.kill().and_then(End::exit));
            }
            Ok(Woken::Other(_) | Woken::Deadline) | Err(_) => {
                return process.kill().and_then(End::exit);
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
    pub(super) fn assign(&self, number: u64, process: &Arc<Process>) -> bool {
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
        let processes: Vec<_> = state.active.values().flatten().cloned().collect();
        drop(state);
        processes.iter().for_each(|process| process.signal_kill());
        let busy = |state: &mut super::State| state.active.values().any(Option::is_some);
        let state = self.state.lock();
        drop(self.changed.wait_while(state, END_PATIENCE, busy));
    }

    pub(super) fn tell(&self, event: ServerEvent) {
        if let Some(events) = &self.options.events {
            // Nobody may listen any more.
            let _ = events.send(event);
        }
    }
}
