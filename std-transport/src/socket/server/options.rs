//! Options of a server.

use core::time::Duration;
use std::sync::mpsc::Sender;

use execnet_core_sync::options;

use super::ServerEvent;
use crate::spec::XSpec;

/// Options of a server.
///
/// ```
/// use execnet::ServerOptions;
///
/// let options = ServerOptions::new().with_max_connections(4);
/// assert_eq!(options.max_connections(), 4);
/// ```
#[derive(Debug, Clone)]
pub struct ServerOptions {
    pub(super) worker: XSpec,
    pub(super) max_connections: usize,
    pub(super) max_unauthenticated: usize,
    pub(super) handshake_timeout: Duration,
    pub(super) shutdown_grace: Duration,
    pub(super) events: Option<Sender<ServerEvent>>,
}

impl ServerOptions {
    /// Options with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            worker: XSpec::default(),
            max_connections: 64,
            max_unauthenticated: 100,
            handshake_timeout: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(20),
            events: None,
        }
    }

    /// Sets the spec of the workers, which must start a process on this machine. Default: `popen`. Keys that the client
    /// chooses, such as the id, the execution model and the priority, are not allowed.
    #[must_use]
    pub fn with_worker(mut self, worker: XSpec) -> Self {
        self.worker = worker;
        self
    }

    /// See [`with_worker`](Self::with_worker).
    #[must_use]
    pub const fn worker(&self) -> &XSpec {
        &self.worker
    }

    options! {
        /// Sets the maximum number of clients that are served at a time. Further ones are refused once they have
        /// authenticated. Default: 64.
        with_max_connections, max_connections: usize;
        /// Sets the maximum number of connections whose clients have not authenticated; 0 counts as 1. Beyond it, each
        /// new connection displaces one that is chosen at random. These connections need no threads. Default: 100.
        with_max_unauthenticated, max_unauthenticated: usize;
        /// Sets how long a client may take to authenticate. Default: 10 seconds.
        with_handshake_timeout, handshake_timeout: Duration;
        /// Sets how long a worker may take to exit after its client has disconnected. Default: 20 seconds, which is
        /// longer than the grace that workers give their code.
        with_shutdown_grace, shutdown_grace: Duration;
    }

    /// Sets the sender for events, which is dropped when [`Server::run`](super::Server::run) returns. Default: none.
    #[must_use]
    pub fn with_events(mut self, events: Sender<ServerEvent>) -> Self {
        self.events = Some(events);
        self
    }

    /// See [`with_events`](Self::with_events).
    #[must_use]
    pub const fn events(&self) -> Option<&Sender<ServerEvent>> {
        self.events.as_ref()
    }
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}
