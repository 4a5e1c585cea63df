//! Uploads this program to another host, under a name that contains the digest of its content.
//!
//! The command line of the worker runs the copy if it exists, and exits with a special status if not. Then a process on
//! the host receives the program, and the command line is tried again.

use core::time::Duration;
use std::fs::File;
use std::io::{self, Read as _};
use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

use super::{ARGUMENT, start_as};
use crate::bootstrap::{Duplex as _, Pipes, Progress};
use crate::command::{quoted, ssh_identity};
use crate::deadline::Deadline;
use crate::error::{BootstrapError, BootstrapErrorKind, MakeGatewayError};
use crate::exit::Exit;
use crate::peer::{ExitInfo, WorkerHandle};
use crate::sys;
use crate::transport::ssh_mux::start_process;
use crate::transport::stdio::Running;
use crate::transport::{Connected, Request, Start};

/// The exit status if there is no copy.
const MISSING: i32 = 124;

/// A copy is removed after this many days without use.
const UNUSED_DAYS: u32 = 30;

/// Maximum number of bytes that are read and sent at a time.
const PIECE: usize = 64 * 1024;

pub(super) fn start(request: &Request<'_>, start: Start) -> Result<Connected, MakeGatewayError> {
    let executable = Executable::ours().map_err(|error| failed(request, error))?;
    let worker = format!("sh -c {}", quoted("worker", &executable.run())?);
    match start_as(request, start, &worker) {
        // The copy usually exists, so it is not asked for beforehand: a start without one fails with a status of its
        // own.
        Err(MakeGatewayError::Bootstrap(error)) if is_missing(&error) => {}
        done => return done,
    }
    let lock = request.upload_locks.of(ssh_identity(request.spec));
    // The time of an upload does not count, in this thread or in another: over a slow line it may exceed any timeout of
    // a start.
    let (_locked, deadline) = request.deadline.extended_by(|| lock.lock());
    let request = &Request {
        deadline,
        ..*request
    };
    // Another thread may have uploaded it while this one waited for the lock.
    match start_as(request, start, &worker) {
        Err(MakeGatewayError::Bootstrap(error)) if is_missing(&error) => {}
        done => return done,
    }
    let (sent, deadline) = request.deadline.extended_by(|| send(request, &executable));
    sent?;
    let request = &Request {
        deadline,
        ..*request
    };
    start_as(request, start, &worker)
}

fn is_missing(error: &BootstrapError) -> bool {
    error.exit().and_then(Exit::code) == Some(MISSING)
}

/// Runs the process on the host that stores the program.
fn send(request: &Request<'_>, executable: &Executable) -> Result<(), MakeGatewayError> {
    let taker = format!("sh -c {}", quoted("worker", &executable.take())?);
    let spec = request.spec.with("worker", &taker);
    let request = &Request {
        spec: &spec,
        ..*request
    };
    let Running {
        peer,
        mut pipes,
        input,
    } = start_process(request)?;
    let timeout = request.options.bootstrap_timeout;
    let written = write(&mut pipes, input.as_bytes(), timeout);
    // The end of its input makes the process check the copy and end.
    drop(pipes);
    let end = peer.wait(Deadline::after(timeout));
    match (end.and_then(ExitInfo::exit), written) {
        (Some(exit), Ok(())) if exit.success() => Ok(()),
        (Some(exit), _) => Err(failed(request, exit_error(peer.as_ref(), &exit)).into()),
        (None, Err(error)) => Err(failed(request, error).into()),
        (None, Ok(())) => Err(failed(request, io::ErrorKind::TimedOut.into()).into()),
    }
}

fn exit_error(peer: &dyn WorkerHandle, exit: &Exit) -> io::Error {
    io::Error::other(format!(
        "the remote process {exit}\n{}",
        peer.stderr().trim_end()
    ))
}

/// The timeout is for each write and not for the whole: the line may be slow.
fn write(pipes: &mut Pipes, input: &[u8], timeout: Duration) -> io::Result<()> {
    let mut file = input.chain(File::open(sys::executable_path()?)?);
    let mut piece = vec![0; PIECE];
    loop {
        let size = file.read(&mut piece)?;
        let mut unsent = piece.get(..size).unwrap_or_default();
        if unsent.is_empty() {
            return Ok(());
        }
        while !unsent.is_empty() {
            let sent = write_some(pipes, unsent, timeout)?;
            unsent = unsent.get(sent..).unwrap_or_default();
        }
    }
}

/// Returns how many bytes were sent, at least one.
fn write_some(pipes: &mut Pipes, unsent: &[u8], timeout: Duration) -> io::Result<usize> {
    // For output of a login shell, which would block it if it were not read.
    let mut discarded = [0; 4096];
    let deadline = Deadline::after(timeout);
    loop {
        let left = deadline.left();
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match pipes.transfer(unsent, &mut discarded, left)? {
            Progress { sent, .. } if sent > 0 => return Ok(sent),
            Progress {
                received: Some(0), ..
            } => return Err(io::ErrorKind::BrokenPipe.into()),
            Progress { .. } => {}
        }
    }
}

fn failed(request: &Request<'_>, error: io::Error) -> BootstrapError {
    let kind = BootstrapErrorKind::NotUploaded;
    BootstrapError::io(kind, request.spec.to_string(), error)
}

/// The executable of this process, even if its file has been replaced since.
#[derive(Debug, Clone)]
struct Executable {
    size: u64,
    digest: String,
}

impl Executable {
    /// The executable; its file is read only once.
    fn ours() -> io::Result<Self> {
        static OURS: OnceLock<Executable> = OnceLock::new();
        if let Some(executable) = OURS.get() {
            return Ok(executable.clone());
        }
        let mut hasher = Sha256::new();
        let size = io::copy(&mut File::open(sys::executable_path()?)?, &mut hasher)?;
        let digest = hasher.finalize();
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        // Two threads may both read it, with the same result: `OnceLock` has no stable initialisation that can fail.
        Ok(OURS.get_or_init(|| Self { size, digest }).clone())
    }

    /// The beginning of both scripts: the directory of copies. A directory in which other users can write is refused:
    /// they could replace the program between the check and its start.
    const DIRECTORY: &str = "d=\"${XDG_CACHE_HOME:-$HOME/.cache}/execnet\"; \
         safe() { [ -O \"$d\" ] && case $(ls -ld \"$d\") in d????-??-*) ;; *) false;; esac || \
         { echo \"execnet: $d belongs to another user, or others can write there\" >&2; exit 1; }; }";

    /// Fails if a file is not this program. On hosts without `sha256sum`, only the size is checked.
    fn check(&self, file: &str) -> String {
        let (digest, size) = (&self.digest, self.size);
        format!(
            "[ -O \"{file}\" ] && [ $(($(wc -c <\"{file}\"))) -eq {size} ] && \
             {{ s=$(sha256sum <\"{file}\" 2>/dev/null) || s={digest}; [ \"${{s%% *}}\" = {digest} ]; }}"
        )
    }

    /// The script that runs the copy, and updates its time to mark it as used.
    fn run(&self) -> String {
        let (directory, digest, check) = (Self::DIRECTORY, &self.digest, self.check("$f"));
        format!(
            "{directory}; f=\"$d/worker-{digest}\"; [ -x \"$f\" ] || exit {MISSING}; safe; \
             {check} || exit {MISSING}; touch -c \"$f\" 2>/dev/null; exec \"$f\" {ARGUMENT}"
        )
    }

    /// The script that stores its input as the copy, and removes copies that have not been used for long. The copy gets
    /// its name only after the check: a truncated or damaged one never does.
    fn take(&self) -> String {
        let (directory, digest, check) = (Self::DIRECTORY, &self.digest, self.check("$t"));
        format!(
            "umask 077; {directory}; t=\"$d/.{digest}.$$\"; mkdir -p \"$d\" && safe && \
             find \"$d\" -type f \\( -name 'worker-*' -o -name '.*' \\) -mtime +{UNUSED_DAYS} -exec rm -f {{}} +; \
             cat >\"$t\" && {check} && chmod 700 \"$t\" && mv -f \"$t\" \"$d/worker-{digest}\" || \
             {{ rm -f \"$t\"; exit 1; }}"
        )
    }
}
