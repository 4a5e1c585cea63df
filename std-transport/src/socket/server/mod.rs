//! The socket server: it listens for clients and starts a process for each authorised connection.

mod attach;
mod auth;
mod candidate;
mod client_duplex;
mod error;
mod forward;
mod listen;
mod options;
mod pending;
mod refusal_log;
mod refused;
mod run;
mod shared;
mod worker;

use alloc::sync::Arc;
use core::net::SocketAddr;
use std::io;
use std::path::PathBuf;

use crate::command::Launch;
use crate::exit::Exit;
#[cfg(feature = "tls")]
use crate::socket::tls::TlsFiles;
use crate::socket::token::Token;
use crate::sys::{StopReader, stop_pair};
use auth::Auth;
pub use error::{ServerBindError, ServerReloadError};
use listen::Listener;
pub use options::ServerOptions;
use pending::Pending;
use shared::Shared;

/// Listens for clients, and starts a worker for each authorised connection.
///
/// ```no_run
/// use execnet::{Group, Listen, Server, ServerOptions};
///
/// let server = Server::bind(Listen::Unix("/run/user/1000/execnet/socket".into()), ServerOptions::new())?;
/// println!("{}", server.spec());
/// server.run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A client is a group in another process: `group.make_gateway("unix=/run/user/1000/execnet/socket")`. Each connection
/// has a process of its own, which ends with the connection and cannot affect other connections. When a client
/// disconnects, its worker has [a grace period](ServerOptions::with_shutdown_grace) to exit, and is then killed with the
/// processes that it has started.
///
/// # Access
///
/// A client that gets a worker can do everything that the server's user can. Therefore a client must belong to the same
/// user (a Unix socket, on systems that report the user of a peer), or prove that it knows a [`Token`], before any
/// process is started. Connections without encryption are served on loopback addresses only. On other addresses,
/// clients need a certificate (feature `tls`).
///
/// The thread that calls [`run`](Self::run) handles connections until their clients have authenticated. These have a
/// limit of their own, [`with_max_unauthenticated`](ServerOptions::with_max_unauthenticated).
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    shared: Arc<Shared>,
    stopped: StopReader,
}

/// Where a server listens, and how its clients authenticate.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Listen {
    /// A Unix socket at this path, for processes of the same user. Its directory must be accessible to that user only,
    /// and is created if it does not exist. A socket that a previous server has left behind is replaced.
    Unix(PathBuf),
    /// A loopback address, for clients that know the token.
    Tcp {
        /// With port 0 the system chooses one: see [`Server::spec`].
        address: SocketAddr,
        /// The shared secret: client and server prove to each other that they know it.
        token: Token,
    },
    /// Any address, for clients with a certificate that one of the authorities has signed, over TLS.
    #[cfg(feature = "tls")]
    Tls {
        /// With port 0 the system chooses one: see [`Server::spec`].
        address: SocketAddr,
        /// The server's certificate and key, and the authorities that sign clients' certificates.
        files: TlsFiles,
        /// A secret that both must know in addition.
        token: Option<Token>,
    },
    /// For `socket=host:port` of stock execnet. **Every process that can connect executes code as this user, without
    /// any check.**
    InsecureStock {
        /// A loopback address unless `beyond_loopback` is set.
        address: SocketAddr,
        /// Allows addresses that are not loopback.
        beyond_loopback: bool,
    },
}

/// An event of a server. `peer` is the address of a client, or its process id and user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// A client got a worker.
    Accepted {
        /// The client.
        peer: String,
    },
    /// A client was refused. At most 20 refusals of clients that have not authenticated are reported in 10 seconds.
    Refused {
        /// The client.
        peer: String,
        /// The reason.
        reason: String,
    },
    /// Further clients were refused; these are only counted.
    RefusedMore {
        /// How many.
        count: u64,
    },
    /// A worker has ended.
    Ended {
        /// The client.
        peer: String,
        /// How its worker ended; `None` if it was killed and did not die in time.
        exit: Option<Exit>,
    },
}

impl Server {
    /// Begins to listen; [`run`](Self::run) serves the connections.
    ///
    /// # Errors
    ///
    /// The address cannot be bound or is not allowed for this kind of server, or the options are unusable.
    pub fn bind(listen: Listen, options: ServerOptions) -> Result<Self, ServerBindError> {
        let launches = worker::launches(&options.worker)?;
        Self::bind_launches(listen, options, launches)
    }

    /// The same, with the launches of the workers: the first whose program exists is started.
    pub(crate) fn bind_launches(
        listen: Listen,
        options: ServerOptions,
        launches: Vec<Launch>,
    ) -> Result<Self, ServerBindError> {
        // Unusable files are reported before a socket is created.
        let auth = Auth::new(&listen).map_err(ServerBindError::Tls)?;
        let (listener, endpoint) = Listener::bind(&listen)?;
        let (stopped, stop) = stop_pair()?;
        let shared = Arc::new(Shared::new(auth, options, launches, endpoint, stop));
        Ok(Self {
            listener,
            shared,
            stopped,
        })
    }

    /// The key and value of specs that connects here: `unix=/path`, `tcp=127.0.0.1:40123`, `socket=...`.
    #[must_use]
    pub fn spec(&self) -> String {
        self.listener.spec()
    }

    /// A handle that stops [`run`](Self::run) from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> ServerStop {
        ServerStop(Arc::clone(&self.shared))
    }

    /// A handle that replaces tokens and certificates from another thread.
    #[must_use]
    pub fn reload_handle(&self) -> ServerReload {
        ServerReload(Arc::clone(&self.shared))
    }

    /// Serves connections until the server is stopped, then kills all workers.
    ///
    /// # Errors
    ///
    /// The listening socket fails. A failed or refused connection is not an error.
    pub fn run(&self) -> io::Result<()> {
        let ran = Pending::new(&self.shared).run(&self.listener, &self.stopped);
        self.shared.kill_workers();
        // After the workers, whose ends are events too.
        self.shared.close_events();
        ran
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Not left to the drop of `shared`: handles may outlive the server.
        self.shared.remove_endpoint();
    }
}

/// Replaces tokens and certificates of a server while it runs.
#[derive(Debug, Clone)]
pub struct ServerReload(Arc<Shared>);

impl ServerReload {
    /// Makes new clients authenticate by the token, certificates and authorities of `listen`. Its variant must be that
    /// of the server; its address is not used. Existing connections are not affected.
    ///
    /// # Errors
    ///
    /// The files cannot be used, or the server listens in another way. The server keeps its settings then.
    pub fn reload(&self, listen: &Listen) -> Result<(), ServerReloadError> {
        let auth = Auth::new(listen).map_err(ServerReloadError::Tls)?;
        if self.0.replace_auth(auth) {
            Ok(())
        } else {
            Err(ServerReloadError::OtherKind)
        }
    }
}

/// Stops a server's [`run`](Server::run).
#[derive(Debug, Clone)]
pub struct ServerStop(Arc<Shared>);

impl ServerStop {
    /// Makes [`run`](Server::run) return soon, removes the file of a Unix socket, and kills the workers. Workers that
    /// do not die within two seconds are left running.
    pub fn stop(&self) {
        self.0.stop();
        self.0.kill_workers();
    }
}
