//! Gateways over ssh, and the connections that several of them share.
//!
//! The first gateway of a group to a host makes a connection that stays (ssh's `ControlMaster`); the others to the same
//! host go through it, without another key exchange. It ends with the group.

use alloc::sync::Arc;
use core::time::Duration;
use std::collections::HashMap;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::command::{SshHints, SshIdentity, SshVersion, exit_master, ssh_identity};
use crate::deadline::Deadline;
use crate::error::MakeGatewayError;
use crate::peer::Peer;
use crate::private::private_directory;
use crate::process::Process;
use crate::spec::XSpec;
use crate::stderr::Stderr;
use crate::sync::{Condvar, Mutex};
use crate::transport::{Connected, Request, Running, stdio};

/// The name of a socket has 108 bytes on Linux and 104 elsewhere, and ssh appends 17 while it makes one.
const MAX_SOCKET_PATH: usize = 86;

/// How long `ssh -O exit` may take: it speaks with a process on this machine.
const END_PATIENCE: Duration = Duration::from_secs(1);

pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    shared(request, stdio::start_with)
}

/// Starts what the spec says on the other side, which is to be no worker.
pub(crate) fn start_process(request: &Request<'_>) -> Result<Running, MakeGatewayError> {
    shared(request, stdio::run)
}

/// Does something with an ssh client, over the shared connection.
fn shared<T>(
    request: &Request<'_>,
    start: fn(&Request<'_>, &SshHints) -> Result<T, MakeGatewayError>,
) -> Result<T, MakeGatewayError> {
    let sharing = request.sharing;
    // Held until the connection is there, or has failed: the next ones find it then, or try for themselves.
    let turn = if request.options.share_ssh {
        sharing.turn(request.spec, request.deadline)
    } else {
        None
    };
    let hints = SshHints {
        control_path: turn.as_ref().map(|turn| turn.path.clone()),
        version: client_version(request),
        // What is left after these two.
        ..SshHints::within(request.deadline.left())
    };
    start(request, &hints)
}

/// The release of the client that `PATH` has. Asked for until there is an answer: a busy machine may give none in time.
fn client_version(request: &Request<'_>) -> Option<SshVersion> {
    static VERSION: OnceLock<SshVersion> = OnceLock::new();
    if let Some(version) = VERSION.get() {
        return Some(*version);
    }
    let patience = END_PATIENCE.min(request.deadline.left());
    let question = SshVersion::question();
    let started = Process::start(request.id, &question, Stderr::Keep.sink(request.id)).ok()?;
    started.process.wait(Deadline::after(patience))?;
    let version = SshVersion::read(&started.process.stderr())?;
    Some(*VERSION.get_or_init(|| version))
}

/// The shared connections of a group.
#[derive(Debug, Default)]
pub(crate) struct Sharing {
    state: Mutex<State>,
    settled: Arc<Settled>,
}

#[derive(Debug, Default)]
struct State {
    /// Readable by nobody else; made when first needed.
    directory: Option<TempDir>,
    connections: HashMap<SshIdentity, Connection>,
}

#[derive(Debug)]
struct Connection {
    spec: XSpec,
    path: PathBuf,
}

/// Which connections are being made, by path.
#[derive(Debug, Default)]
struct Settled {
    making: Mutex<Vec<PathBuf>>,
    changed: Condvar,
}

/// The use of a shared connection; for the first who uses it, the making of it, which others wait for.
struct Turn {
    path: PathBuf,
    making: Option<Arc<Settled>>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(settled) = &self.making {
            settled.making.lock().retain(|path| *path != self.path);
            settled.changed.notify_all();
        }
    }
}

impl Sharing {
    /// The connection for this spec; none where the system gives us no place for its socket.
    fn turn(&self, spec: &XSpec, deadline: Deadline) -> Option<Turn> {
        let mut state = self.state.lock();
        let (path, first) = state.find(spec).ok()?;
        let mut making = self.settled.making.lock();
        // Not earlier: who finds the connection must find, too, that it is being made.
        drop(state);
        if first {
            making.push(path.clone());
            let making = Some(Arc::clone(&self.settled));
            return Some(Turn { path, making });
        }
        let under_way = |making: &mut Vec<PathBuf>| making.contains(&path);
        let left = deadline.left();
        drop(self.settled.changed.wait_while(making, left, under_way));
        Some(Turn { path, making: None })
    }

    /// Ends all connections, those of gateways that still run too.
    pub(crate) fn end(&self) {
        let State {
            directory,
            connections,
        } = core::mem::take(&mut *self.state.lock());
        let deadline = Deadline::after(END_PATIENCE);
        let ending: Vec<_> = connections
            .into_values()
            .filter_map(Connection::end)
            .collect();
        for process in ending {
            // Dropping it kills it. A connection that stays closes itself when it is idle.
            let _ = process.wait(deadline);
        }
        drop(directory);
    }
}

impl State {
    /// The socket's path, and whether nobody has used it before.
    fn find(&mut self, spec: &XSpec) -> io::Result<(PathBuf, bool)> {
        let identity = ssh_identity(spec);
        if let Some(connection) = self.connections.get(&identity) {
            return Ok((connection.path.clone(), false));
        }
        let directory = match &mut self.directory {
            Some(directory) => directory,
            none => none.insert(private_directory()?),
        };
        let path = directory.path().join(self.connections.len().to_string());
        // ssh has no way to write a double quote in an option.
        if path.as_os_str().len() > MAX_SOCKET_PATH || path.as_os_str().as_bytes().contains(&b'"') {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let connection = Connection {
            spec: spec.clone(),
            path: path.clone(),
        };
        self.connections.insert(identity, connection);
        Ok((path, true))
    }
}

impl Connection {
    /// Begins to end it, if it was made.
    fn end(self) -> Option<Arc<Process>> {
        if !self.path.exists() {
            return None;
        }
        let hints = SshHints {
            control_path: Some(self.path),
            connect_timeout: END_PATIENCE,
            version: None,
        };
        let launch = exit_master(&self.spec, &hints).ok()?;
        let started = Process::start("ssh", &launch, Stderr::Keep.sink("ssh")).ok()?;
        Some(started.process)
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    /// Two of them used to make a connection each when one was interrupted between finding that it is the first and
    /// saying so.
    #[test]
    fn nobody_uses_a_connection_before_it_is_made() {
        const USERS: usize = 4;
        let spec: XSpec = "ssh=box".parse().unwrap();
        for _ in 0..2000 {
            let sharing = Sharing::default();
            let (made, makers, barrier) = (
                AtomicBool::new(false),
                AtomicUsize::new(0),
                Barrier::new(USERS),
            );
            thread::scope(|scope| {
                for _ in 0..USERS {
                    scope.spawn(|| {
                        barrier.wait();
                        let turn = sharing.turn(&spec, Deadline::NEVER).unwrap();
                        if turn.making.is_some() {
                            makers.fetch_add(1, Ordering::SeqCst);
                            made.store(true, Ordering::SeqCst);
                        }
                        assert!(made.load(Ordering::SeqCst));
                    });
                }
            });
            assert_eq!(makers.load(Ordering::SeqCst), 1);
        }
    }
}
