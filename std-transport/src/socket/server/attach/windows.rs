//! A worker behind pipes: a socket cannot be the standard input of a process that reads it as a file.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::thread;

use super::{End, Ends};
use crate::command::Launch;
use crate::deadline::Deadline;
use crate::exit::Exit;
use crate::peer::{ExitInfo, WorkerHandle as _};
use crate::process::Process;
use crate::socket::stream::Stream;

/// Whether a socket can be the standard input and output of a process.
pub(in super::super) const CAN_SHARE: bool = false;

/// Not called, see [`CAN_SHARE`].
pub(in super::super) fn start(
    _launches: &[Launch],
    _stream: &Stream,
    _name: &str,
    _stock: bool,
) -> io::Result<Arc<Process>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Waits for the end of the worker, and kills it if it outlives its client: at once if the client has cut the
/// connection, after `shutdown_grace` if it has only ended its direction.
pub(in super::super) fn supervise(
    process: &Arc<Process>,
    _stream: &Stream,
    (ends, happened): Ends,
    shutdown_grace: Duration,
) -> Option<Exit> {
    let waited = Arc::clone(process);
    let waiter = thread::Builder::new().name("execnet worker end".to_owned());
    // Not joined: it ends with the process, which the end of this function kills.
    let waiter = waiter.spawn(move || {
        waited.wait(Deadline::NEVER);
        // Fails if nobody waits any longer.
        let _ = ends.send(End::Worker);
    });
    let mut kill_at = Deadline::NEVER;
    while waiter.is_ok() {
        match happened.recv_timeout(kill_at.left()) {
            Ok(End::Worker) => return process.wait(Deadline::now()).and_then(ExitInfo::exit),
            Ok(End::Client) => kill_at = Deadline::after(shutdown_grace),
            Ok(End::Cut) | Err(_) => break,
        }
    }
    process.kill().and_then(ExitInfo::exit)
}
