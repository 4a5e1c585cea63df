//! A socket connection as a link, and the handle of its peer.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::Shutdown;

use crate::bootstrap::{Duplex, Progress};
use crate::deadline::Deadline;
use crate::peer::{ExitInfo, WorkerHandle};
use crate::socket::stream::Stream;
use crate::socket::target::Split;
use crate::sync::{Condvar, Mutex};

/// The handle of a worker behind a socket: all that can be observed of its end is that the connection is closed, and
/// killing it closes the connection.
#[derive(Debug)]
pub(crate) struct Connection {
    name: String,
    /// The gateway through which the server was started.
    via: Option<String>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// `None` while connecting.
    stream: Option<Arc<Stream>>,
    closed: bool,
}

impl Connection {
    /// A connection that is going to be made; `name` is for errors. Killed before it is [opened](Self::open), it
    /// counts as closed.
    pub(crate) fn new(name: String, via: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            name,
            via,
            state: Mutex::default(),
            changed: Condvar::default(),
        })
    }

    /// Takes the stream once it is connected.
    pub(crate) fn open(self: &Arc<Self>, stream: Stream) -> SocketDuplex {
        let stream = Arc::new(stream);
        let mut state = self.state.lock();
        state.stream = Some(Arc::clone(&stream));
        if state.closed {
            // The kill came after the connecting thread checked for it last.
            stream.cut();
        }
        drop(state);
        SocketDuplex {
            connection: Arc::clone(self),
            stream,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }
}

impl WorkerHandle for Connection {
    fn name(&self) -> &str {
        &self.name
    }

    fn wait(&self, deadline: Deadline) -> Option<ExitInfo> {
        let timeout = deadline.left();
        let state = self.state.lock();
        let state = self
            .changed
            .wait_while(state, timeout, |state| !state.closed);
        state.closed.then_some(ExitInfo::Link)
    }

    fn signal_kill(&self) {
        // One lock for both, as in `open`: either that finds `closed` set, or the stream is found here.
        let mut state = self.state.lock();
        if let Some(stream) = &state.stream {
            stream.cut();
        }
        state.closed = true;
        drop(state);
        self.changed.notify_all();
    }

    fn stderr(&self) -> String {
        // It goes to the server's standard error.
        String::new()
    }

    fn via(&self) -> Option<&str> {
        self.via.as_deref()
    }
}

/// The connection during the handshake; [`split`](Self::split) afterwards.
#[derive(Debug)]
pub(crate) struct SocketDuplex {
    connection: Arc<Connection>,
    stream: Arc<Stream>,
}

impl Split for SocketDuplex {
    type Reader = SocketReader;
    type Writer = SocketWriter;

    fn split(self) -> (SocketReader, SocketWriter) {
        let reader = SocketReader {
            connection: self.connection,
            stream: Arc::clone(&self.stream),
        };
        (reader, SocketWriter(self.stream))
    }
}

impl Duplex for SocketDuplex {
    fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress> {
        let progress = self.stream.transfer(unsent, buffer, timeout);
        if matches!(
            progress,
            Err(_)
                | Ok(Progress {
                    received: Some(0),
                    ..
                })
        ) {
            self.connection.close();
        }
        progress
    }
}

/// The reading end. Dropping it closes the connection: a gateway does that when it has ended.
#[derive(Debug)]
pub(crate) struct SocketReader {
    connection: Arc<Connection>,
    stream: Arc<Stream>,
}

impl Read for SocketReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = (&*self.stream).read(buffer);
        match &read {
            Ok(0) if !buffer.is_empty() => self.connection.close(),
            Err(error) if error.kind() != io::ErrorKind::Interrupted => self.connection.close(),
            _ => {}
        }
        read
    }
}

impl Drop for SocketReader {
    fn drop(&mut self) {
        // Dropping this handle closes nothing: the writing end and the connection hold the stream too.
        self.stream.shutdown(Shutdown::Both);
        self.connection.close();
    }
}

/// The writing end. Dropping it ends this direction.
#[derive(Debug)]
pub(crate) struct SocketWriter(Arc<Stream>);

impl Write for SocketWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SocketWriter {
    fn drop(&mut self) {
        self.0.shutdown(Shutdown::Write);
    }
}

#[cfg(test)]
#[cfg(unix)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::sync::Barrier;
    use std::thread;

    use super::*;

    #[test]
    fn a_kill_while_the_connection_opens_cuts_it() {
        for round in 0..2_000 {
            let connection = Connection::new("socket".into(), None);
            let (ours, mut peer) = UnixStream::pair().unwrap();
            let both = Barrier::new(3);
            // Held until both threads are about to take it, so that they take it in turns.
            let state = connection.state.lock();
            let duplex = thread::scope(|scope| {
                scope.spawn(|| {
                    both.wait();
                    connection.signal_kill();
                });
                let opening = scope.spawn(|| {
                    both.wait();
                    connection.open(Stream::Unix(ours))
                });
                both.wait();
                // Not to synchronise: it varies how the two meet.
                thread::sleep(Duration::from_micros(round % 100));
                drop(state);
                opening.join().unwrap()
            });
            peer.set_nonblocking(true).unwrap();
            assert_eq!(peer.read(&mut [0]).unwrap(), 0, "round {round}");
            drop(duplex);
        }
    }
}
