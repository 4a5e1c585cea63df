//! Listening sockets.

use core::net::SocketAddr;
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;

use rustix::fd::BorrowedFd;

use super::{Listen, ServerBindError};
use crate::socket::keepalive::Keepalive;
use crate::socket::stream::Stream;
use crate::sys::{self, BindUnixError, Endpoint, UnixListener};

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
                let (socket, endpoint) = sys::bind_unix(path)?;
                let path = path.clone();
                return Ok((Self::Unix { socket, path }, Some(endpoint)));
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

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Unix { socket, .. } => sys::fd_of(socket),
            Self::Tcp { socket, .. } => sys::fd_of(socket),
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

impl From<BindUnixError> for ServerBindError {
    fn from(error: BindUnixError) -> Self {
        match error {
            BindUnixError::PublicDirectory(directory) => Self::PublicDirectory(directory),
            BindUnixError::InUse(path) => Self::InUse(path),
            BindUnixError::Io(error) => error.into(),
        }
    }
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
