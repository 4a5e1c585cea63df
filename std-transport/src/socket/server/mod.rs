//! Serves workers over sockets: one process for each connection.

mod candidate;
mod carry;
mod listen;
mod pending;
mod refusals;
mod run;
mod worker;

use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::collections::HashMap;
use std::io::{self, PipeReader, PipeWriter};
use std::path::PathBuf;
use std::sync::mpsc::Sender;

use crate::command::Launch;
use crate::error::debug_as_report;
use crate::exit::Exit;
use crate::process::Process;
#[cfg(feature = "tls")]
use crate::socket::tls::{ServerSide, TlsFiles};
use crate::socket::token::Token;
use crate::spec::{SpecError, XSpec};
use crate::sync::{Condvar, Mutex};
use listen::{Endpoint, Listener};
use pending::Pending;

/// Listens for clients, and starts a worker for each that may have one.
///
/// ```no_run
/// use execnet::{Group, Listen, Server, ServerOptions};
///
/// let server = Server::bind(Listen::Unix("/run/user/1000/execnet/socket".into()), ServerOptions::default())?;
/// println!("{}", server.spec());
/// server.run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A client is a group elsewhere: `group.make_gateway("unix=/run/user/1000/execnet/socket")`. What it connects to is a
/// process of its own, which ends with the connection; whatever happens in it touches no other. When a client
/// disconnects its worker has [`shutdown_grace`](ServerOptions::shutdown_grace) to exit, then it is killed with the
/// processes it started.
///
/// # Who may connect
///
/// Whoever gets a worker can do everything that the server's user can. Therefore a client must run for the same user
/// (a Unix socket, on systems that tell), or prove that it knows a [`Token`], before anything is started. A connection
/// without encryption is served on loopback addresses alone; on others, clients need a certificate (the feature `tls`).
///
/// Connections whose clients have not authenticated are attended to by the thread that calls [`run`](Self::run), and
/// counted apart from those that are served: see [`max_unauthenticated`](ServerOptions::max_unauthenticated).
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    shared: Arc<Shared>,
    stopped: PipeReader,
}

/// Where a server listens, and what it asks of clients.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Listen {
    /// A Unix socket at this path, for processes of the same user. Its directory must be accessible to that user
    /// alone; it is made if it is missing. A socket that an earlier server left behind there is replaced.
    Unix(PathBuf),
    /// A loopback address, for clients that know the token.
    Tcp {
        /// With port 0 the system chooses one: see [`Server::spec`].
        address: SocketAddr,
        /// What client and server prove to each other that they know.
        token: Token,
    },
    /// Any address, for clients with a certificate that one of the authorities has signed, over TLS.
    #[cfg(feature = "tls")]
    Tls {
        /// With port 0 the system chooses one: see [`Server::spec`].
        address: SocketAddr,
        /// Who the server is, and who signs for clients.
        files: TlsFiles,
        /// What both prove to know beside.
        token: Option<Token>,
    },
    /// What stock Python's `socket=host:port` connects to. **Everybody who can connect runs code here, without any
    /// check.**
    InsecureStock {
        /// A loopback address, unless:
        address: SocketAddr,
        /// Any address is taken.
        beyond_loopback: bool,
    },
}

/// Settings of a server.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServerOptions {
    /// What is started for a connection: a spec that starts a process here. Default: `popen`. The client chooses the
    /// id, the model and the priority of its worker, so this spec has no keys for them.
    pub worker: XSpec,
    /// How many clients are served at a time; further ones are refused once they have authenticated. Default: 64.
    pub max_connections: usize,
    /// How many connections may wait at a time for their clients to authenticate; at least 1. Beyond that one of them,
    /// chosen at random, is closed for each new one. They need no threads. Default: 100.
    pub max_unauthenticated: usize,
    /// How long a client may take to authenticate. Default: 10 seconds.
    pub handshake_timeout: Duration,
    /// How long a worker may take to exit after its client has disconnected. Default: 20 seconds, which is longer than
    /// the grace that workers give their code.
    pub shutdown_grace: Duration,
    /// Receives what happens to connections, until [`Server::run`] returns. Default: nobody does.
    pub events: Option<Sender<ServerEvent>>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            worker: XSpec::default(),
            max_connections: 64,
            max_unauthenticated: 100,
            handshake_timeout: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(20),
            events: None,
        }
    }
}

/// What happens to a server. `peer` is the address of a client, or its process id and user.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// A client got a worker.
    Accepted {
        /// The client.
        peer: String,
    },
    /// A client was turned away. Not more than 20 of those that have not authenticated are reported in 10 seconds.
    Refused {
        /// The client.
        peer: String,
        /// Why.
        reason: String,
    },
    /// Further clients were turned away, which are not reported one by one.
    RefusedMore {
        /// How many.
        count: u64,
    },
    /// A worker has gone.
    Ended {
        /// The client.
        peer: String,
        /// How its worker ended; none if it is stuck.
        exit: Option<Exit>,
    },
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    auth: Mutex<Arc<Auth>>,
    options: ServerOptions,
    /// None once the server has stopped.
    events: Mutex<Option<Sender<ServerEvent>>>,
    launches: Vec<Launch>,
    state: Mutex<State>,
    changed: Condvar,
    stop: Mutex<Option<PipeWriter>>,
}

#[derive(Debug, Default)]
struct State {
    /// Connections, with their processes as soon as there are some.
    active: HashMap<u64, Option<Arc<Process>>>,
    next: u64,
    stopping: bool,
    /// What a bound socket leaves in the file system; gone once the server stops.
    endpoint: Option<Endpoint>,
}

/// How a client authenticates.
#[derive(Debug)]
enum Auth {
    SameUser,
    Token(Token),
    #[cfg(feature = "tls")]
    Tls(TlsAuth),
    /// It does not.
    None,
}

/// TLS, and the token that is checked inside the session.
#[cfg(feature = "tls")]
#[derive(Debug)]
struct TlsAuth {
    side: ServerSide,
    token: Option<Token>,
}

impl Auth {
    fn new(listen: &Listen) -> Result<Self, ServerError> {
        Ok(match listen {
            Listen::Unix(_) => Self::SameUser,
            Listen::Tcp { token, .. } => Self::Token(token.clone()),
            #[cfg(feature = "tls")]
            Listen::Tls { files, token, .. } => {
                let side = ServerSide::new(files);
                let side = side.map_err(|error| ServerError::Tls(Box::new(error)))?;
                let token = token.clone();
                Self::Tls(TlsAuth { side, token })
            }
            Listen::InsecureStock { .. } => Self::None,
        })
    }
}

impl Server {
    /// Begins to listen; [`run`](Self::run) serves.
    ///
    /// # Errors
    ///
    /// The address is not one to serve on this way, or cannot be had.
    pub fn bind(listen: Listen, options: ServerOptions) -> Result<Self, ServerError> {
        let launches = worker::launches(&options.worker).map_err(ServerError::Worker)?;
        Self::bind_launches(listen, options, launches)
    }

    /// The same, for workers that these programs become: the first that exists.
    pub(crate) fn bind_launches(
        listen: Listen,
        mut options: ServerOptions,
        launches: Vec<Launch>,
    ) -> Result<Self, ServerError> {
        // What can be wrong with the files is known before anything is made.
        let auth = Auth::new(&listen)?;
        let (listener, endpoint) = Listener::bind(&listen)?;
        let (stopped, stop) = io::pipe().map_err(ServerError::Io)?;
        let shared = Arc::new(Shared {
            auth: Mutex::new(Arc::new(auth)),
            events: Mutex::new(options.events.take()),
            options,
            launches,
            state: Mutex::new(State {
                endpoint,
                ..State::default()
            }),
            changed: Condvar::default(),
            stop: Mutex::new(Some(stop)),
        });
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

    /// Something that ends [`run`](Self::run), from another thread.
    #[must_use]
    pub fn stop_handle(&self) -> ServerStop {
        ServerStop(Arc::clone(&self.shared))
    }

    /// Something that replaces tokens and certificates, from another thread.
    #[must_use]
    pub fn reload_handle(&self) -> ServerReload {
        ServerReload(Arc::clone(&self.shared))
    }

    /// Serves until it is stopped; then all workers are killed.
    ///
    /// # Errors
    ///
    /// The listening socket fails. That a connection fails, or that there is no room for one more, is no error.
    pub fn run(&self) -> Result<(), ServerError> {
        let ran = Pending::new(&self.shared).run(&self.listener, &self.stopped);
        self.shared.end();
        *self.shared.events.lock() = None;
        ran.map_err(ServerError::Io)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Handles may outlive it.
        drop(self.shared.state.lock().endpoint.take());
    }
}

/// Replaces what a server asks of its clients while it runs.
#[derive(Debug, Clone)]
pub struct ServerReload(Arc<Shared>);

impl ServerReload {
    /// From now on clients authenticate as `listen` says: by its token, its certificates and its authorities. Its kind
    /// has to be that of the server, and its address is not used. Connections that are there already are not affected.
    ///
    /// # Errors
    ///
    /// The files cannot be used, or the server listens in another way. It keeps what it has.
    pub fn reload(&self, listen: &Listen) -> Result<(), ServerError> {
        let auth = Auth::new(listen)?;
        let mut current = self.0.auth.lock();
        if core::mem::discriminant(&auth) != core::mem::discriminant(&**current) {
            return Err(ServerError::OtherKind);
        }
        *current = Arc::new(auth);
        Ok(())
    }
}

/// Ends a server's [`run`](Server::run).
#[derive(Debug, Clone)]
pub struct ServerStop(Arc<Shared>);

impl ServerStop {
    /// Makes it return soon, removes a Unix socket, and kills the workers. Those that do not die within two seconds are
    /// left behind.
    pub fn stop(&self) {
        *self.0.stop.lock() = None;
        self.0.end();
    }
}

/// A server cannot serve.
#[non_exhaustive]
pub enum ServerError {
    /// Without encryption only loopback addresses are served.
    NotLoopback(SocketAddr),
    /// Others can reach into this directory.
    PublicDirectory(PathBuf),
    /// Another server listens there.
    InUse(PathBuf),
    /// A certificate or a key cannot be used.
    #[cfg(feature = "tls")]
    Tls(Box<dyn Error + Send + Sync>),
    /// The server listens in another way than it is to be reloaded for.
    OtherKind,
    /// The spec of workers starts no process here, or has keys that a server cannot give effect.
    Worker(SpecError),
    /// A system call failed.
    Io(io::Error),
}

debug_as_report!(ServerError);

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(address) => {
                write!(f, "{address} is not a loopback address")
            }
            Self::PublicDirectory(path) => write!(
                f,
                "{} is not private: it must belong to this user and be accessible to nobody else (chmod 700)",
                path.display()
            ),
            Self::InUse(path) => write!(f, "a server listens at {} already", path.display()),
            #[cfg(feature = "tls")]
            Self::Tls(error) => write!(f, "TLS cannot be set up: {error}"),
            Self::Worker(error) => write!(f, "the spec of the workers cannot be used: {error}"),
            Self::Io(error) => write!(f, "cannot serve: {error}"),
            Self::OtherKind => f.write_str("the server listens in another way"),
        }
    }
}

impl Error for ServerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(error) => error.source(),
            Self::Worker(error) => error.source(),
            Self::Io(error) => error.source(),
            _ => None,
        }
    }
}
