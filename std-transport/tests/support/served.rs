//! Our own socket server, running.
#![allow(dead_code, reason = "each suite uses a part of it")]

use core::net::SocketAddr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};

use execnet::{Listen, Server, ServerError, ServerEvent, ServerOptions, ServerStop, Token};
use tempfile::TempDir;

use crate::support::LONG;

pub(crate) fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// A server that runs until this is dropped.
pub(crate) struct Served {
    pub(crate) spec: String,
    stop: ServerStop,
    thread: Option<JoinHandle<Result<(), ServerError>>>,
    pub(crate) events: Receiver<ServerEvent>,
    _directory: TempDir,
}

impl Served {
    pub(crate) fn with(
        listen: impl FnOnce(&Path) -> Listen,
        change: impl FnOnce(&mut ServerOptions),
    ) -> Self {
        let directory = private_directory();
        let (sender, events) = mpsc::channel();
        let mut options = ServerOptions::default();
        options.events = Some(sender);
        change(&mut options);
        let server = Server::bind(listen(directory.path()), options).unwrap();
        Self {
            spec: server.spec(),
            stop: server.stop_handle(),
            thread: Some(thread::spawn(move || server.run())),
            events,
            _directory: directory,
        }
    }

    pub(crate) fn unix(change: impl FnOnce(&mut ServerOptions)) -> Self {
        Self::with(|directory| Listen::Unix(directory.join("socket")), change)
    }

    /// With a token, in the spec as a file.
    pub(crate) fn tcp(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let mut file = PathBuf::new();
        let listen = |directory: &Path| {
            file = directory.join("token");
            let token = Token::generate().unwrap();
            token.write_to(&file).unwrap();
            let address = loopback();
            Listen::Tcp { address, token }
        };
        let mut served = Self::with(listen, change);
        served.spec += &format!("//token_file={}", file.display());
        served
    }

    pub(crate) fn stock(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let listen = |_: &Path| Listen::InsecureStock {
            address: loopback(),
            beyond_loopback: false,
        };
        Self::with(listen, change)
    }

    /// HOST:PORT
    pub(crate) fn address(&self) -> &str {
        let (_, rest) = self.spec.split_once('=').unwrap();
        rest.split("//").next().unwrap()
    }

    pub(crate) fn event(&self) -> ServerEvent {
        self.events.recv_timeout(LONG).unwrap()
    }

    pub(crate) fn refusal(&self) -> String {
        match self.event() {
            ServerEvent::Refused { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn stop(&mut self) {
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

/// Its path is short enough for a socket.
pub(crate) fn private_directory() -> TempDir {
    tempfile::Builder::new()
        .prefix("execnet")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir()
        .unwrap()
}
