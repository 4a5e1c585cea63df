//! Serves workers over sockets: one process for each connection.

mod listen;
mod run;
#[cfg(feature = "tls")]
mod sealed;
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

use crate::error::debug_as_report;
use crate::exit::Exit;
use crate::launch::Launch;
use crate::process::Process;
#[cfg(feature = "tls")]
use crate::socket::tls::{ServerSide, TlsFiles};
use crate::socket::token::Token;
use crate::spec::{SpecError, XSpec};
use crate::sync::{Condvar, Mutex};
use listen::Listener;

/// Starts a worker for everybody who connects and may.
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
/// A client is a group elsewhere: `group.makegateway("unix=/run/user/1000/execnet/socket")`. What it connects to is a
/// process of its own, which ends with the connection; whatever happens in it touches no other. When a client goes its
/// worker is given [`linger`](ServerOptions::linger) to leave, then killed with the processes it started.
///
/// # Who may connect
///
/// Whoever gets a worker can do everything that the server's user can. Therefore a client must run for the same user
/// (a Unix socket, on systems that tell), or show a [`Token`], before anything is started. A connection without
/// encryption is served on loopback addresses alone; on others, clients need a certificate (the feature `tls`).
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
    /// A loopback address, for clients that show the token.
    Tcp {
        /// With port 0 the system chooses one: see [`Server::spec`].
        address: SocketAddr,
        /// What clients have to show.
        token: Token,
    },
    /// Any address, for clients with a certificate that one of the authorities has signed, over TLS.
    #[cfg(feature = "tls")]
    Tls {
        /// With port 0 the system chooses one: see [`Server::spec`].
        address: SocketAddr,
        /// Who the server is, and who signs for clients.
        files: TlsFiles,
        /// What clients have to show beside.
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
    /// What is started for a connection: a spec that starts a process here. Default: `popen`. The worker gets its id,
    /// its model and its priority from the client, on top of what this spec says.
    pub worker: XSpec,
    /// How many connections are served at a time; further ones are refused. Default: 64.
    pub max_connections: usize,
    /// How long a client may take to show what it has to. Default: 10 seconds.
    pub handshake_timeout: Duration,
    /// How long a worker may stay when its client has gone. Default: 20 seconds, which is longer than the grace that
    /// workers give their code.
    pub linger: Duration,
    /// Where to tell of connections.
    pub events: Option<Sender<ServerEvent>>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            worker: XSpec::default(),
            max_connections: 64,
            handshake_timeout: Duration::from_secs(10),
            linger: Duration::from_secs(20),
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
    /// A client was turned away.
    Refused {
        /// The client.
        peer: String,
        /// Why.
        reason: String,
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
    access: Access,
    options: ServerOptions,
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
}

/// What a client has to show.
#[derive(Debug)]
enum Access {
    SameUser,
    Token(Token),
    #[cfg(feature = "tls")]
    Sealed(Sealed),
    /// Nothing at all.
    Everybody,
}

/// TLS, and what is asked for within.
#[cfg(feature = "tls")]
#[derive(Debug)]
struct Sealed {
    side: ServerSide,
    token: Option<Token>,
}

impl Access {
    /// Whether what is on the wire is text as it is.
    fn is_open(&self) -> bool {
        #[cfg(feature = "tls")]
        if let Self::Sealed(_) = self {
            return false;
        }
        true
    }

    fn new(listen: Listen) -> Result<Self, ServerError> {
        Ok(match listen {
            Listen::Unix(_) => Self::SameUser,
            Listen::Tcp { token, .. } => Self::Token(token),
            #[cfg(feature = "tls")]
            Listen::Tls { files, token, .. } => {
                let side = ServerSide::new(&files);
                let side = side.map_err(|error| ServerError::Tls(Box::new(error)))?;
                Self::Sealed(Sealed { side, token })
            }
            Listen::InsecureStock { .. } => Self::Everybody,
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
        options: ServerOptions,
        launches: Vec<Launch>,
    ) -> Result<Self, ServerError> {
        let listener = Listener::bind(&listen)?;
        let access = Access::new(listen)?;
        let (stopped, stop) = io::pipe().map_err(ServerError::Io)?;
        let shared = Arc::new(Shared {
            access,
            options,
            launches,
            state: Mutex::default(),
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

    /// Serves until it is stopped; then all workers are killed.
    ///
    /// # Errors
    ///
    /// The listening socket fails. That a connection fails, or that there is no room for one more, is no error.
    pub fn run(&self) -> Result<(), ServerError> {
        let ran = run::accept_all(&self.listener, &self.shared, &self.stopped);
        self.shared.end();
        ran.map_err(ServerError::Io)
    }
}

/// Ends a server's [`run`](Server::run).
#[derive(Debug, Clone)]
pub struct ServerStop(Arc<Shared>);

impl ServerStop {
    /// Makes it return soon, and kills the workers. Those that do not die within two seconds are left behind.
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
    /// The spec of workers starts no process here.
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
