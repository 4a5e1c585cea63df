//! Listening sockets.

use core::net::SocketAddr;
use std::fs::{self, DirBuilder};
use std::io;
use std::net::TcpListener;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use super::{Listen, ServerBindError};
use crate::socket::keepalive::Keepalive;
use crate::socket::stream::Stream;

/// Maximum number of connections that wait to be accepted. The system may allow fewer.
const BACKLOG: i32 = 1024;

/// A bound socket.
#[derive(Debug)]
pub(super) enum Listener {
    Unix {
        socket: UnixListener,
        path: PathBuf,
    },
    Tcp {
        socket: TcpListener,
        key: &'static str,
    },
}

impl Listener {
    /// Binds a socket; also returns the guard of its file, if it has one.
    pub(super) fn bind(listen: &Listen) -> Result<(Self, Option<Endpoint>), ServerBindError> {
        let listener = match listen {
            Listen::Unix(path) => {
                return bind_unix(path).map(|(socket, path)| (socket, Some(path)));
            }
            Listen::Tcp { address, .. } => bind_tcp("tcp", *address, false),
            #[cfg(feature = "tls")]
            Listen::Tls { address, .. } => bind_tcp("tls", *address, true),
            Listen::InsecureStock {
                address,
                beyond_loopback,
            } => bind_tcp("socket", *address, *beyond_loopback),
        };
        Ok((listener?, None))
    }

    /// Accepts a connection; also returns the client's name in events.
    pub(super) fn accept(&self) -> io::Result<(Stream, String)> {
        match self {
            Self::Unix { socket, .. } => {
                let (stream, _) = socket.accept()?;
                // On some systems an accepted socket inherits the listener's mode.
                stream.set_nonblocking(false)?;
                let stream = Stream::Unix(stream);
                let name = match stream.peer_process() {
                    Some((pid, uid)) => format!("process {pid} of user {uid}"),
                    None => "a local process".to_owned(),
                };
                Ok((stream, name))
            }
            Self::Tcp { socket, .. } => {
                let (stream, address) = socket.accept()?;
                stream.set_nonblocking(false)?;
                Ok((
                    Stream::tcp(stream, Keepalive::default())?,
                    address.to_string(),
                ))
            }
        }
    }

    pub(super) fn spec(&self) -> String {
        match self {
            Self::Unix { path, .. } => format!("unix={}", path.display()),
            Self::Tcp { socket, key } => match socket.local_addr() {
                Ok(address) => format!("{key}={address}"),
                // Does not happen: a bound socket has an address.
                Err(_) => (*key).to_owned(),
            },
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix { socket, .. } => socket.as_fd(),
            Self::Tcp { socket, .. } => socket.as_fd(),
        }
    }
}

/// The file of a Unix socket. Dropping this removes it.
#[derive(Debug)]
pub(super) struct Endpoint {
    path: PathBuf,
    /// Device and inode: another server may have replaced the file since.
    file: (u64, u64),
}

impl Endpoint {
    fn new(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: identity(path)?,
        })
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|file| file == self.file) {
            // Fails if another process has removed it in the meantime.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

fn bind_tcp(
    key: &'static str,
    address: SocketAddr,
    beyond_loopback: bool,
) -> Result<Listener, ServerBindError> {
    if !beyond_loopback && !address.ip().is_loopback() {
        return Err(ServerBindError::NotLoopback(address));
    }
    let socket = TcpListener::bind(address)?;
    // More than the 128 of the standard library: a client that finds the queue full retries only after a second.
    rustix::net::listen(&socket, BACKLOG).map_err(io::Error::from)?;
    socket.set_nonblocking(true)?;
    Ok(Listener::Tcp { socket, key })
}

fn bind_unix(path: &Path) -> Result<(Listener, Endpoint), ServerBindError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_private(directory)?;
    remove_stale(path)?;
    let socket = UnixListener::bind(path)?;
    let endpoint = Endpoint::new(path)?;
    socket.set_nonblocking(true)?;
    let path = path.to_owned();
    Ok((Listener::Unix { socket, path }, endpoint))
}

/// Creates the directory if it does not exist. An existing one must belong to this user and be closed to others: not
/// all systems check the mode of the socket itself.
fn make_private(directory: &Path) -> Result<(), ServerBindError> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.into()),
    }
    let metadata = fs::metadata(directory)?;
    if metadata.uid() != geteuid().as_raw() || metadata.mode() & 0o077 != 0 {
        return Err(ServerBindError::PublicDirectory(directory.to_owned()));
    }
    Ok(())
}

/// Removes a socket without a listener. Anything else is kept, and binding fails.
fn remove_stale(path: &Path) -> Result<(), ServerBindError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.file_type().is_socket() => {}
        _ => return Ok(()),
    }
    // A file is left behind by a server that was killed. Only a connect can tell it from the file of one that runs.
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Ok(fs::remove_file(path)?)
        }
        _ => Err(ServerBindError::InUse(path.to_owned())),
    }
}
