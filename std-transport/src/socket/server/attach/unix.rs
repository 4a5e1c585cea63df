//! A worker that uses the connection itself.

use alloc::sync::Arc;
use core::time::Duration;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::Command;

use rustix::event::PollFlags;

use super::super::forward::pump;
use super::super::worker::for_client;
use super::Ends;
use crate::command::Launch;
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::peer::{ExitInfo, WorkerHandle as _};
use crate::process::Process;
use crate::socket::stream::Stream;
use crate::start::start_first;
use crate::stderr::Stderr;
use crate::sys::{self, Woken};

/// Whether a socket can be the standard input and output of a process.
pub(in super::super) const CAN_SHARE: bool = true;

/// How often a connection that shows its end all the time is examined.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Starts a worker whose standard input and output are the connection, from the first launch whose program exists.
pub(in super::super) fn start(
    launches: &[Launch],
    stream: &Stream,
    name: &str,
    stock: bool,
) -> io::Result<Arc<Process>> {
    let connection = stream.fd();
    let started = start_first(launches, |launch| {
        let launch = for_client(launch, stock);
        let input = launch.input.without_password();
        let stdin = if input.is_empty() {
            connection.try_clone_to_owned()?
        } else {
            // The commands for the shell come first, so the worker cannot have the connection itself as its input.
            with_input(&input, connection, name)?
        };
        let stdout = connection.try_clone_to_owned()?;
        let spawn = |command: &mut Command| command.stdin(stdin).stdout(stdout).spawn();
        Process::start_on(name, &launch, spawn, Stderr::Inherit.sink(name))
    });
    Ok(started?)
}

/// A pipe with `input`, followed by the bytes of the connection. The thread that writes to it ends when the server
/// shuts the connection down after the end of the process.
fn with_input(input: &str, connection: BorrowedFd<'_>, name: &str) -> io::Result<OwnedFd> {
    let source = File::from(connection.try_clone_to_owned()?);
    let input = io::Cursor::new(input.to_owned());
    let (reader, writer) = io::pipe()?;
    pump(format!("{name} in"), input.chain(source), writer, |_| ())?;
    Ok(reader.into())
}

/// Waits for the end of the worker, and kills it if it outlives its client: at once if the client has cut the
/// connection, after `shutdown_grace` if it has only ended its direction.
pub(in super::super) fn supervise(
    process: &Process,
    stream: &Stream,
    _forwarded: Ends,
    shutdown_grace: Duration,
) -> Option<Exit> {
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
        match process.watch().wait_beside(stream.fd(), wanted, deadline) {
            Ok(Woken::Check) => {}
            Ok(Woken::Other(flags)) if !is_cut(stream, flags) && kill_at.is_none() => {
                kill_at = Some(Deadline::after(shutdown_grace));
            }
            // Poll cannot be asked to ignore POLLHUP, which a Unix socket reports all the time once both directions
            // have ended, and a cut after that causes no other event: the socket is examined at intervals.
            Ok(Woken::Other(flags)) if !is_cut(stream, flags) => {
                process.wait(Deadline::after(deadline.left().min(POLL_INTERVAL)));
            }
            Ok(Woken::Other(_) | Woken::Deadline) | Err(_) => {
                return process.kill().and_then(ExitInfo::exit);
            }
        }
    }
}

/// Whether these poll flags mean that the peer has [cut](Stream::cut) the connection, and not only ended its direction.
fn is_cut(stream: &Stream, flags: PollFlags) -> bool {
    flags.intersects(PollFlags::HUP | PollFlags::ERR)
        && match stream {
            // Reported when both directions have ended. This end has not ended its own: it was a reset.
            Stream::Tcp(_) => true,
            Stream::Unix(stream) => sys::is_cut(stream),
        }
}

/// The poll event of a peer that has ended its direction.
#[cfg(target_os = "linux")]
const HALF_CLOSED: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const HALF_CLOSED: PollFlags = PollFlags::HUP;
