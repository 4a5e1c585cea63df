//! A connected TCP or Unix socket.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;

use crate::bootstrap::{Duplex, Progress};
use crate::socket::keepalive::Keepalive;
use crate::socket::target::Split;
use crate::sys::{self, UnixStream, timespec};

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

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => sys::fd_of(stream),
            Self::Unix(stream) => sys::fd_of(stream),
        }
    }

    /// Ends one direction or both, and wakes threads that are blocked on them.
    pub(crate) fn shutdown(&self, how: Shutdown) {
        // Fails if the peer has closed the connection already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Unix(stream) => stream.shutdown(how),
        };
    }

    /// Cuts the connection so that the peer can tell this from an ordinary end of the stream.
    pub(crate) fn cut(&self) {
        match self {
            Self::Tcp(stream) => sys::cut_tcp(stream),
            Self::Unix(stream) => sys::cut_unix(stream),
        }
    }

    /// The process id and the user of the other end of a Unix socket, on systems that report them.
    pub(crate) fn peer_process(&self) -> Option<(i32, u32)> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(stream) => sys::peer_process(stream),
        }
    }

    /// How many bytes can be read now, at most 1: 0 at the end of the input, `None` if nothing has arrived yet.
    pub(crate) fn peek(&self) -> io::Result<Option<usize>> {
        Ok(sys::peek(self.fd())?)
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
            progress.received = match sys::receive(self.fd(), buffer) {
                Ok(received) => received,
                // The peer has closed the connection before it read all that was sent to it. Its output came before.
                Err(Errno::CONNRESET) => Some(0),
                Err(error) => return Err(error.into()),
            };
        }
        if ready.contains(PollFlags::OUT) {
            progress.sent = match sys::send(self.fd(), unsent) {
                Ok(sent) => sent.unwrap_or(0),
                // Not an error here: the peer's output may say why it has closed the connection.
                Err(error) if sys::is_closed(error) => unsent.len(),
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
        let mut ends = [PollFd::from_borrowed_fd(self.fd(), wanted)];
        match poll(&mut ends, Some(&timespec(timeout))) {
            Ok(0) | Err(Errno::INTR) => Ok(PollFlags::empty()),
            Ok(_) => Ok(ends[0].revents()),
            Err(error) => Err(error.into()),
        }
    }
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
