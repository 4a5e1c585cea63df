//! Gateways over ssh, and the multiplexed connections that several of them share.
//!
//! The first gateway of a group to a host starts a master connection (`ControlMaster` of ssh); further gateways to the
//! same host go through it, without another key exchange. It ends with the group.

use alloc::sync::Arc;
use core::time::Duration;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::command::{SshHints, SshIdentity, SshVersion, exit_master, ssh_identity};
use crate::deadline::Deadline;
use crate::error::MakeGatewayError;
use crate::peer::WorkerHandle;
use crate::process::Process;
use crate::spec::XSpec;
use crate::stderr::Stderr;
use crate::sync::{Condvar, Mutex};
use crate::sys::{self, private_directory};
use crate::transport::{Connected, Request, stdio};

/// The name of a socket has 108 bytes on Linux and 104 elsewhere, and ssh appends 17 while it makes one.
const MAX_SOCKET_PATH: usize = 86;

/// How long `ssh -O exit` may take: it speaks with a process on this machine.
const END_TIMEOUT: Duration = Duration::from_secs(1);

pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    with_mux(request, stdio::start_with)
}

/// Starts the process of the spec, without making a worker of it.
#[cfg(feature = "self-exec")]
pub(crate) fn start_process(request: &Request<'_>) -> Result<stdio::Running, MakeGatewayError> {
    with_mux(request, stdio::run)
}

/// Runs `start` with hints that make the client use the master connection.
fn with_mux<T>(
    request: &Request<'_>,
    start: fn(&Request<'_>, &SshHints) -> Result<T, MakeGatewayError>,
) -> Result<T, MakeGatewayError> {
    let mux = request.ssh_mux;
    // Held until the first client has connected or failed. Others wait for that and then use the master, or connect
    // without it.
    let lease = if request.options.share_ssh {
        mux.lease(request.spec, request.deadline)
    } else {
        None
    };
    let hints = SshHints {
        control_path: lease.as_ref().map(|lease| lease.path.clone()),
        version: client_version(request),
        // Computed last: the lease and the version take time.
        ..SshHints::within(request.deadline.left())
    };
    start(request, &hints)
}

/// The release of the client in `PATH`. A failed query is repeated for the next gateway: on a busy machine the client
/// may not answer in time.
fn client_version(request: &Request<'_>) -> Option<SshVersion> {
    static VERSION: OnceLock<SshVersion> = OnceLock::new();
    if let Some(version) = VERSION.get() {
        return Some(*version);
    }
    let timeout = END_TIMEOUT.min(request.deadline.left());
    let query = SshVersion::query();
    let started = Process::start(request.id, &query, Stderr::Capture.sink(request.id)).ok()?;
    started.process.wait(Deadline::after(timeout))?;
    let version = SshVersion::read(&started.process.stderr())?;
    Some(*VERSION.get_or_init(|| version))
}

/// The multiplexed ssh connections of a group.
#[derive(Debug, Default)]
pub(crate) struct SshMux {
    state: Mutex<State>,
    pending: Arc<Pending>,
}

#[derive(Debug, Default)]
struct State {
    /// Private to this user; created on first use.
    directory: Option<TempDir>,
    masters: HashMap<SshIdentity, MuxMaster>,
}

#[derive(Debug)]
struct MuxMaster {
    spec: XSpec,
    path: PathBuf,
}

/// The masters that are being started, by the path of their socket.
#[derive(Debug, Default)]
struct Pending {
    making: Mutex<Vec<PathBuf>>,
    changed: Condvar,
}

/// The right to use a master. The first lease starts it; other leases wait until that one is dropped.
struct MuxLease {
    path: PathBuf,
    making: Option<Arc<Pending>>,
}

impl Drop for MuxLease {
    fn drop(&mut self) {
        if let Some(pending) = &self.making {
            pending.making.lock().retain(|path| *path != self.path);
            pending.changed.notify_all();
        }
    }
}

impl SshMux {
    /// A lease of the master for this spec; `None` if there is no usable path for its socket.
    fn lease(&self, spec: &XSpec, deadline: Deadline) -> Option<MuxLease> {
        let mut state = self.state.lock();
        let (path, first) = state.find(spec).ok()?;
        let mut making = self.pending.making.lock();
        // Not earlier: a thread that finds the master in `state` must also find it in `making`.
        drop(state);
        if first {
            making.push(path.clone());
            let making = Some(Arc::clone(&self.pending));
            return Some(MuxLease { path, making });
        }
        let under_way = |making: &mut Vec<PathBuf>| making.contains(&path);
        let left = deadline.left();
        drop(self.pending.changed.wait_while(making, left, under_way));
        Some(MuxLease { path, making: None })
    }

    /// Ends all masters, with the connections of gateways that still run.
    pub(crate) fn end(&self) {
        // Taken out, so that gateways which are made from now on start a master of their own.
        let State { directory, masters } = core::mem::take(&mut *self.state.lock());
        let deadline = Deadline::after(END_TIMEOUT);
        let ending: Vec<_> = masters.into_values().filter_map(MuxMaster::end).collect();
        for process in ending {
            // If it takes longer it is killed by the drop, and the connection closes itself when it is idle.
            let _ = process.wait(deadline);
        }
        // Last: the masters are ended over the sockets in it.
        drop(directory);
    }
}

impl State {
    /// The path of the socket, and whether this is its first use.
    fn find(&mut self, spec: &XSpec) -> io::Result<(PathBuf, bool)> {
        let identity = ssh_identity(spec);
        if let Some(master) = self.masters.get(&identity) {
            return Ok((master.path.clone(), false));
        }
        let directory = match &mut self.directory {
            Some(directory) => directory,
            none => none.insert(private_directory()?),
        };
        let path = directory.path().join(self.masters.len().to_string());
        // ssh has no way to write a double quote in an option.
        if path.as_os_str().len() > MAX_SOCKET_PATH
            || sys::os_bytes(path.as_os_str()).contains(&b'"')
        {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let master = MuxMaster {
            spec: spec.clone(),
            path: path.clone(),
        };
        self.masters.insert(identity, master);
        Ok((path, true))
    }
}

impl MuxMaster {
    /// Begins to end it, if it was made.
    fn end(self) -> Option<Arc<Process>> {
        // The client creates the socket when it has connected. Without one there is nothing to end.
        if !self.path.exists() {
            return None;
        }
        let hints = SshHints {
            control_path: Some(self.path),
            connect_timeout: END_TIMEOUT,
            version: None,
            askpass: false,
        };
        let launch = exit_master(&self.spec, &hints).ok()?;
        let started = Process::start("ssh", &launch, Stderr::Capture.sink("ssh")).ok()?;
        Some(started.process)
    }
}

#[cfg(test)]
#[cfg(unix)]
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
            let mux = SshMux::default();
            let (made, makers, barrier) = (
                AtomicBool::new(false),
                AtomicUsize::new(0),
                Barrier::new(USERS),
            );
            thread::scope(|scope| {
                for _ in 0..USERS {
                    scope.spawn(|| {
                        barrier.wait();
                        let lease = mux.lease(&spec, Deadline::NEVER).unwrap();
                        if lease.making.is_some() {
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
