//! This project's socket server, running in a thread.

use core::net::SocketAddr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use execnet::{Listen, Server, ServerEvent, ServerOptions, ServerStop, Token};
use tempfile::TempDir;

use crate::LONG;

/// A free port of the loopback address.
#[must_use]
pub fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct Served {
    /// A spec of a gateway through it.
    pub spec: String,
    stop: ServerStop,
    thread: Option<JoinHandle<io::Result<()>>>,
    /// The events that it reports.
    pub events: Receiver<ServerEvent>,
    _directory: Option<TempDir>,
}

impl Served {
    /// Starts a server with these options.
    pub fn on(listen: Listen, options: ServerOptions) -> Self {
        let (sender, events) = mpsc::channel();
        let server = Server::bind(listen, options.with_events(sender)).unwrap();
        Self {
            spec: server.spec(),
            stop: server.stop_handle(),
            thread: Some(thread::spawn(move || server.run())),
            events,
            _directory: None,
        }
    }

    /// Starts a server with a private directory for its socket or its files.
    pub fn with(listen: impl FnOnce(&Path) -> Listen, options: ServerOptions) -> Self {
        let directory = private_directory();
        let mut served = Self::on(listen(directory.path()), options);
        served._directory = Some(directory);
        served
    }

    /// Starts a server on a Unix socket.
    pub fn unix(options: ServerOptions) -> Self {
        Self::with(|directory| Listen::Unix(directory.join("socket")), options)
    }

    /// Starts a server on a TCP port, with a token whose file is in the spec.
    pub fn tcp(options: ServerOptions) -> Self {
        let mut file = PathBuf::new();
        let listen = |directory: &Path| {
            file = directory.join("token");
            let token = Token::generate().unwrap();
            token.write_to(&file).unwrap();
            let address = loopback();
            Listen::Tcp { address, token }
        };
        let mut served = Self::with(listen, options);
        served.spec += &format!("//token_file={}", file.display());
        served
    }

    /// Starts a server for clients of stock execnet.
    pub fn stock(options: ServerOptions) -> Self {
        let listen = |_: &Path| Listen::InsecureStock {
            address: loopback(),
            beyond_loopback: false,
        };
        Self::with(listen, options)
    }

    /// Its address, as HOST:PORT.
    #[must_use]
    pub fn address(&self) -> &str {
        let (_, rest) = self.spec.split_once('=').unwrap();
        rest.split("//").next().unwrap()
    }

    /// The next event.
    #[must_use]
    pub fn event(&self) -> ServerEvent {
        self.events.recv_timeout(LONG).unwrap()
    }

    /// The reason for which the next client is refused.
    #[must_use]
    pub fn refusal(&self) -> String {
        match self.event() {
            ServerEvent::Refused { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    }

    /// A handle that stops it.
    #[must_use]
    pub const fn stop_handle(&self) -> &ServerStop {
        &self.stop
    }

    /// Stops it and waits for its end.
    pub fn stop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A directory for this user alone, whose path is short enough for a socket.
#[must_use]
pub fn private_directory() -> TempDir {
    let mut builder = tempfile::Builder::new();
    builder.prefix("execnet");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().unwrap()
}
