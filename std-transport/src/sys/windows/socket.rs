//! Sockets: what never blocks, and how a connection is cut.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, sockopt};

use crate::deadline::Deadline;

/// Calls a step, which waits for at most the given time, until it returns something.
pub(crate) type Step<'a> = &'a mut dyn FnMut(Duration) -> Option<io::Result<()>>;

/// The end of a server's stop signal that is polled: it is readable once the other end is dropped. Only sockets can be
/// polled together with sockets.
pub(crate) type StopReader = TcpStream;
pub(crate) type StopWriter = TcpStream;

pub(crate) fn stop_pair() -> io::Result<(StopReader, StopWriter)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let writer = TcpStream::connect(listener.local_addr()?)?;
    let ours = writer.local_addr()?;
    loop {
        // Another process may have connected before.
        let (reader, peer) = listener.accept()?;
        if peer == ours {
            return Ok((reader, writer));
        }
    }
}

/// A timeout for poll. A duration beyond its range is clamped.
pub(crate) fn timespec(duration: Duration) -> Timespec {
    duration.try_into().unwrap_or(Timespec {
        tv_sec: i64::MAX,
        tv_nsec: 0,
    })
}

/// What polls take.
pub(crate) fn fd_of(socket: &impl AsFd) -> BorrowedFd<'_> {
    socket.as_fd()
}

/// Connects; `wait` repeats the step until it is done.
pub(crate) fn connect_tcp(
    address: &SocketAddr,
    deadline: Deadline,
    wait: impl FnOnce(Step<'_>) -> io::Result<()>,
) -> io::Result<TcpStream> {
    // In a thread, as the attempt can be ended before its deadline. The thread ends at the deadline.
    let (connected, outcome) = mpsc::channel();
    let address = *address;
    let thread = thread::Builder::new().name("execnet connect".to_owned());
    thread.spawn(move || {
        let left = deadline.left().max(Duration::from_millis(1));
        // Fails if the attempt has ended before.
        let _ = connected.send(TcpStream::connect_timeout(&address, left));
    })?;
    let mut stream = None;
    wait(&mut |timeout| match outcome.recv_timeout(timeout) {
        Ok(Ok(connection)) => {
            stream = Some(connection);
            Some(Ok(()))
        }
        Ok(Err(error)) => Some(Err(error)),
        Err(RecvTimeoutError::Timeout) => None,
        // The thread has panicked. The panic was printed.
        Err(RecvTimeoutError::Disconnected) => Some(Err(io::ErrorKind::Other.into())),
    })?;
    stream.ok_or_else(|| io::ErrorKind::Other.into())
}

/// The number of bytes that can be read now, at most 1: 0 at the end of the input, `None` if nothing has arrived yet.
pub(crate) fn peek(socket: BorrowedFd<'_>) -> Result<Option<usize>, Errno> {
    receive_with(socket, &mut [0], RecvFlags::PEEK)
}

/// Reads without waiting; `None` if nothing has arrived. No other thread may read.
pub(crate) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
    receive_with(socket, buffer, RecvFlags::empty())
}

fn receive_with(
    socket: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: RecvFlags,
) -> Result<Option<usize>, Errno> {
    let mut ends = [PollFd::from_borrowed_fd(socket, PollFlags::IN)];
    if poll(&mut ends, Some(&Timespec::default()))? == 0 {
        return Ok(None);
    }
    // Does not block: it is readable.
    unless_blocked(rustix::net::recv(socket, buffer, flags).map(|(size, _)| size))
}

/// Sends without waiting; `None` if there is no room. No other thread may use the socket.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> Result<Option<usize>, Errno> {
    // There is no flag for one call.
    rustix::io::ioctl_fionbio(socket, true)?;
    let sent = unless_blocked(rustix::net::send(socket, bytes, SendFlags::empty()));
    rustix::io::ioctl_fionbio(socket, false)?;
    sent
}

/// Whether the peer has closed the connection.
pub(crate) fn is_closed(error: Errno) -> bool {
    matches!(
        error,
        Errno::CONNRESET | Errno::CONNABORTED | Errno::SHUTDOWN
    )
}

/// Turns "would block" and interruptions into `None`.
fn unless_blocked<T>(done: Result<T, Errno>) -> Result<Option<T>, Errno> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(Errno::WOULDBLOCK | Errno::INTR) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Ends both directions in a way that the peer can tell from an ordinary end.
pub(crate) fn cut_tcp(stream: &TcpStream) {
    // Makes the last close of the socket a reset. Until then the peer sees an ordinary end.
    let _ = sockopt::set_socket_linger(stream, Some(Duration::ZERO));
    // Wakes threads that are blocked in a read. Fails if the peer has closed the connection already.
    let _ = stream.shutdown(Shutdown::Both);
}

/// Whether this process runs as the user with this number, which no system here reports.
pub(crate) fn is_own_user(_uid: u32) -> bool {
    false
}

/// Turns keepalive on. When probes are sent, the system says: after two hours.
pub(crate) fn set_keepalive(
    stream: &TcpStream,
    _idle: Duration,
    _interval: Duration,
    _probes: u32,
) -> io::Result<()> {
    Ok(sockopt::set_socket_keepalive(stream, true)?)
}

/// Whether the process or the system has run out of sockets or memory.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NOBUFS)
    )
}
