//! A connection as a link: its two ends, and what is known of the peer.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::Shutdown;

use crate::bootstrap::{Turn, Wire};
use crate::deadline::Deadline;
use crate::socket::stream::Stream;
use crate::socket::target::Split;
use crate::sync::{Condvar, Mutex};
use crate::transport::{End, Peer};

/// Whoever is at the other end of a socket. All that can be known of its end is that the connection is closed, all
/// that can be done to it is to close the connection.
#[derive(Debug)]
pub(crate) struct Connection {
    name: String,
    /// The gateway through which the server was started.
    via: Option<String>,
    stream: Stream,
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Connection {
    /// `name` stands in errors.
    pub(crate) fn new(name: String, stream: Stream, via: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            name,
            via,
            stream,
            closed: Mutex::new(false),
            changed: Condvar::default(),
        })
    }

    fn close(&self) {
        *self.closed.lock() = true;
        self.changed.notify_all();
    }
}

impl Peer for Connection {
    fn name(&self) -> &str {
        &self.name
    }

    fn wait(&self, deadline: Deadline) -> Option<End> {
        let patience = deadline.left();
        let closed = self.closed.lock();
        let closed = self.changed.wait_while(closed, patience, |closed| !*closed);
        closed.then_some(End::Link)
    }

    fn signal_kill(&self) {
        self.stream.cut();
        self.close();
    }

    fn stderr(&self) -> String {
        // It stays where the server is.
        String::new()
    }

    fn via(&self) -> Option<&str> {
        self.via.as_deref()
    }
}

/// The way to whatever is connected, until it is a worker; then [`split`](Self::split).
#[derive(Debug)]
pub(crate) struct SocketWire(pub(crate) Arc<Connection>);

impl Split for SocketWire {
    type Reader = SocketReader;
    type Writer = SocketWriter;

    fn split(self) -> (SocketReader, SocketWriter) {
        (SocketReader(Arc::clone(&self.0)), SocketWriter(self.0))
    }
}

impl Wire for SocketWire {
    fn turn(&mut self, unsent: &[u8], buffer: &mut [u8], patience: Duration) -> io::Result<Turn> {
        let turn = self.0.stream.turn(unsent, buffer, patience);
        if matches!(
            turn,
            Err(_)
                | Ok(Turn {
                    received: Some(0),
                    ..
                })
        ) {
            self.0.close();
        }
        turn
    }
}

/// The reading end. Dropping it closes the connection: a gateway does that when it has ended.
#[derive(Debug)]
pub(crate) struct SocketReader(Arc<Connection>);

impl Read for SocketReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&self.0.stream).read(buffer);
        match &read {
            Ok(0) if !buffer.is_empty() => self.0.close(),
            Err(error) if error.kind() != io::ErrorKind::Interrupted => self.0.close(),
            _ => {}
        }
        read
    }
}

impl Drop for SocketReader {
    fn drop(&mut self) {
        self.0.stream.shutdown(Shutdown::Both);
        self.0.close();
    }
}

/// The writing end. Dropping it ends this direction.
#[derive(Debug)]
pub(crate) struct SocketWriter(Arc<Connection>);

impl Write for SocketWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0.stream).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SocketWriter {
    fn drop(&mut self) {
        self.0.stream.shutdown(Shutdown::Write);
    }
}
