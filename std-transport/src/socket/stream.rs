//! A connected TCP or Unix socket.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, connect_unspec, recv, send};
#[cfg(target_os = "linux")]
use rustix::net::{SocketAddrUnix, bind, sockopt};

use crate::bootstrap::{Duplex, Progress};
use crate::socket::keepalive::Keepalive;
use crate::socket::target::Split;
use crate::wait::timespec;

/// A connected socket.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// A TCP connection that sends frames without delay and detects the loss of its network.
    pub(crate) fn tcp(stream: TcpStream, keepalive: Keepalive) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        keepalive.set(&stream)?;
        Ok(Self::Tcp(stream))
    }

    /// Ends one direction or both, and wakes threads that are blocked on them.
    pub(crate) fn shutdown(&self, how: Shutdown) {
        // Fails if the peer has closed the connection already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Unix(stream) => stream.shutdown(how),
        };
    }

    /// Cuts the connection so that the peer can tell this from an ordinary end of the stream: see
    /// [`is_cut`](Self::is_cut).
    pub(crate) fn cut(&self) {
        #[cfg(target_os = "linux")]
        if let Self::Unix(stream) = self {
            // Before the shutdown, which makes the peer look for the mark.
            mark_cut(stream);
        }
        // Wakes threads that are blocked in a read. Linux refuses the disconnect below while a thread waits on the
        // socket.
        self.shutdown(Shutdown::Both);
        if let Self::Tcp(stream) = self {
            // Sends a reset. Closing the socket would too, but other threads still hold it. On systems that do not
            // support this, the peer sees an ordinary end.
            let _ = connect_unspec(stream);
        }
    }

    /// The process id and the user of the other end of a Unix socket, on systems that report them.
    pub(crate) fn peer_process(&self) -> Option<(i32, u32)> {
        #[cfg(target_os = "linux")]
        if let Self::Unix(stream) = self {
            let peer = sockopt::socket_peercred(stream).ok()?;
            return Some((peer.pid.as_raw_pid(), peer.uid.as_raw()));
        }
        None
    }

    /// Whether these poll flags mean that the peer has [cut](Self::cut) the connection, and not only ended its
    /// direction.
    pub(crate) fn is_cut(&self, flags: PollFlags) -> bool {
        flags.intersects(PollFlags::HUP | PollFlags::ERR)
            && match self {
                // Reported when both directions have ended. This end has not ended its own: it was a reset.
                Self::Tcp(_) => true,
                Self::Unix(stream) => has_cut_mark(stream),
            }
    }

    /// How many bytes can be read now, at most 1: 0 at the end of the input, `None` if nothing has arrived yet.
    pub(crate) fn peek(&self) -> io::Result<Option<usize>> {
        let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
        let peeked = unless_blocked(recv(self, &mut [0], flags));
        Ok(peeked?.map(|(size, _)| size))
    }

    /// See [`Duplex::transfer`].
    pub(crate) fn transfer(
        &self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress> {
        let ready = self.wait(!unsent.is_empty(), timeout)?;
        let mut progress = Progress::default();
        if ready.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            // HUP and ERR are reported without being asked for; a read returns at once then, with the end or the error.
            progress.received = match unless_blocked(recv(self, &mut *buffer, RecvFlags::DONTWAIT))
            {
                Ok(received) => received.map(|(size, _)| size),
                // The peer has closed the connection before it read all that was sent to it. Its output came before.
                Err(Errno::CONNRESET) => Some(0),
                Err(error) => return Err(error.into()),
            };
        }
        if ready.contains(PollFlags::OUT) {
            progress.sent = match unless_blocked(send(self, unsent, SEND_NOW)) {
                Ok(sent) => sent.unwrap_or(0),
                // Not an error here: the peer's output may say why it has closed the connection.
                Err(Errno::PIPE | Errno::CONNRESET) => unsent.len(),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(progress)
    }

    fn wait(&self, sending: bool, timeout: Duration) -> io::Result<PollFlags> {
        let wanted = if sending {
            PollFlags::IN | PollFlags::OUT
        } else {
            PollFlags::IN
        };
        let mut ends = [PollFd::new(self, wanted)];
        match poll(&mut ends, Some(&timespec(timeout))) {
            Ok(0) | Err(Errno::INTR) => Ok(PollFlags::empty()),
            Ok(_) => Ok(ends[0].revents()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The start of the name that this end of a Unix socket gets before it is cut.
#[cfg(target_os = "linux")]
const CUT_MARK: &str = "execnet cut ";

/// Gives this end a name that marks the connection as cut.
///
/// Unix sockets have no reset, and bytes may stay unread behind others. A name needs no room in the peer's buffer, and
/// the peer can query it even after this end is closed. The name is in Linux's abstract namespace, not in the file
/// system. On systems without that, a server cannot detect a cut and gives the worker its full grace.
#[cfg(target_os = "linux")]
fn mark_cut(stream: &UnixStream) {
    let mut bytes = [0; 8];
    // The name must be unique: no two sockets can have the same name at a time.
    let _ = getrandom::fill(&mut bytes);
    let name = format!("{CUT_MARK}{:016x}", u64::from_ne_bytes(bytes));
    if let Ok(address) = SocketAddrUnix::new_abstract_name(name.as_bytes()) {
        // Fails if the connection was cut before.
        let _ = bind(stream, &address);
    }
}

#[cfg(target_os = "linux")]
fn has_cut_mark(stream: &UnixStream) -> bool {
    use std::os::linux::net::SocketAddrExt as _;
    stream.peer_addr().is_ok_and(|address| {
        let name = address.as_abstract_name();
        name.is_some_and(|name| name.starts_with(CUT_MARK.as_bytes()))
    })
}

#[cfg(not(target_os = "linux"))]
fn has_cut_mark(_: &UnixStream) -> bool {
    false
}

impl Duplex for &Stream {
    fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress> {
        Stream::transfer(self, unsent, buffer, timeout)
    }
}

/// Does not block, and does not raise SIGPIPE.
#[cfg(not(target_vendor = "apple"))]
const SEND_NOW: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
#[cfg(target_vendor = "apple")]
const SEND_NOW: SendFlags = SendFlags::DONTWAIT;

/// Turns "would block" and interruptions into `None`.
fn unless_blocked<T>(done: Result<T, Errno>) -> Result<Option<T>, Errno> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(error) => Err(error),
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).read(buffer),
            Stream::Unix(stream) => (&*stream).read(buffer),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).write(bytes),
            Stream::Unix(stream) => (&*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A [`Duplex`] over a stream that others hold too, to shut it down.
#[derive(Debug)]
pub(crate) struct StreamDuplex(pub(crate) Arc<Stream>);

impl Duplex for StreamDuplex {
    fn transfer(
        &mut self,
        unsent: &[u8],
        buffer: &mut [u8],
        timeout: Duration,
    ) -> io::Result<Progress> {
        self.0.transfer(unsent, buffer, timeout)
    }
}

impl Split for StreamDuplex {
    type Reader = StreamReader;
    type Writer = StreamWriter;

    fn split(self) -> (StreamReader, StreamWriter) {
        (StreamReader(Arc::clone(&self.0)), StreamWriter(self.0))
    }
}

/// The reading end.
#[derive(Debug)]
pub(crate) struct StreamReader(Arc<Stream>);

impl Read for StreamReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

/// The writing end. Dropping it ends this direction.
#[derive(Debug)]
pub(crate) struct StreamWriter(Arc<Stream>);

impl Write for StreamWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for StreamWriter {
    fn drop(&mut self) {
        self.0.shutdown(Shutdown::Write);
    }
}
