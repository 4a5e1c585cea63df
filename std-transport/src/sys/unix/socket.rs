//! Sockets: what never blocks, what tells a cut from an end, and what is known of the peer.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, PipeReader, PipeWriter};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketType, sockopt};
#[cfg(not(target_vendor = "apple"))]
use rustix::net::{SocketFlags, socket_with};
use rustix::process::geteuid;

use super::wait::timespec;
use crate::deadline::Deadline;

/// Calls a step, which waits for at most the given time, until it returns something.
pub(crate) type Step<'a> = &'a mut dyn FnMut(Duration) -> Option<io::Result<()>>;

/// The end of a server's stop signal that is polled: it is readable once the other end is dropped.
pub(crate) type StopReader = PipeReader;
pub(crate) type StopWriter = PipeWriter;

pub(crate) fn stop_pair() -> io::Result<(StopReader, StopWriter)> {
    io::pipe()
}

/// What polls take.
pub(crate) fn fd_of(socket: &impl AsFd) -> BorrowedFd<'_> {
    socket.as_fd()
}

/// Connects; `wait` repeats the step until it is done.
pub(crate) fn connect_tcp(
    address: &SocketAddr,
    _deadline: Deadline,
    wait: impl FnOnce(Step<'_>) -> io::Result<()>,
) -> io::Result<TcpStream> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let stream = TcpStream::from(open(family)?);
    stream.set_nonblocking(true)?;
    match rustix::net::connect(&stream, address) {
        // After an interruption too the system goes on connecting: a second call would fail, and poll reports the end.
        Err(Errno::INPROGRESS | Errno::INTR) => wait(&mut |timeout| {
            let mut ends = [PollFd::new(&stream, PollFlags::OUT)];
            match poll(&mut ends, Some(&timespec(timeout))) {
                Ok(0) | Err(Errno::INTR) => None,
                Ok(_) => Some(outcome(&stream)),
                Err(error) => Some(Err(error.into())),
            }
        })?,
        done => done?,
    }
    // Threads of the gateway block in reads and writes.
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// The result of a non-blocking connect that has finished.
fn outcome(stream: &TcpStream) -> io::Result<()> {
    Ok(sockopt::socket_error(stream)??)
}

/// The same for a Unix socket.
pub(crate) fn connect_unix(
    path: &str,
    wait: impl FnOnce(Step<'_>) -> io::Result<()>,
) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(path)?;
    let stream = UnixStream::from(open(AddressFamily::UNIX)?);
    wait(&mut |timeout| {
        // On a Unix socket this timeout also limits how long connect waits while the server's queue is full.
        if let Err(error) = stream.set_write_timeout(Some(timeout)) {
            return Some(Err(error));
        }
        match rustix::net::connect(&stream, &address) {
            // Unlike on TCP, nothing has happened yet: the call is repeated.
            Err(Errno::AGAIN | Errno::INTR) => None,
            done => Some(done.map_err(io::Error::from)),
        }
    })?;
    stream.set_write_timeout(None)?;
    Ok(stream)
}

#[cfg(not(target_vendor = "apple"))]
fn open(family: AddressFamily) -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC;
    Ok(socket_with(family, SocketType::STREAM, flags, None)?)
}

#[cfg(target_vendor = "apple")]
fn open(family: AddressFamily) -> io::Result<OwnedFd> {
    // In two steps, as these systems have no flag for it: a process that another thread starts in between inherits the
    // socket.
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    Ok(socket)
}

/// The number of bytes that can be read now, at most 1: 0 at the end of the input, `None` if nothing has arrived yet.
pub(crate) fn peek(socket: BorrowedFd<'_>) -> Result<Option<usize>, Errno> {
    let flags = RecvFlags::DONTWAIT | RecvFlags::PEEK;
    let peeked = unless_blocked(rustix::net::recv(socket, &mut [0], flags));
    Ok(peeked?.map(|(size, _)| size))
}

/// Reads without waiting; `None` if nothing has arrived.
pub(crate) fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
    let received = unless_blocked(rustix::net::recv(socket, buffer, RecvFlags::DONTWAIT));
    Ok(received?.map(|(size, _)| size))
}

/// Sends without waiting; `None` if there is no room.
pub(crate) fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> Result<Option<usize>, Errno> {
    unless_blocked(rustix::net::send(socket, bytes, SEND_NOW))
}

/// Whether the peer has closed the connection.
pub(crate) fn is_closed(error: Errno) -> bool {
    matches!(error, Errno::PIPE | Errno::CONNRESET)
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

/// Ends both directions in a way that the peer can tell from an ordinary end.
pub(crate) fn cut_tcp(stream: &TcpStream) {
    // Wakes threads that are blocked in a read. Linux refuses the disconnect below while a thread waits on the socket.
    // It fails if the peer has closed the connection already.
    let _ = stream.shutdown(Shutdown::Both);
    // Sends a reset. Closing the socket would too, but other threads still hold it. On systems that do not support
    // this, the peer sees an ordinary end.
    let _ = rustix::net::connect_unspec(stream);
}

/// The same for a Unix socket, see [`is_cut`].
pub(crate) fn cut_unix(stream: &UnixStream) {
    // Before the shutdown, which makes the peer look for the mark.
    mark_cut(stream);
    let _ = stream.shutdown(Shutdown::Both);
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
        let _ = rustix::net::bind(stream, &address);
    }
}

#[cfg(not(target_os = "linux"))]
fn mark_cut(_: &UnixStream) {}

/// Whether the peer has [cut](cut_unix) the connection.
#[cfg(target_os = "linux")]
pub(crate) fn is_cut(stream: &UnixStream) -> bool {
    use std::os::linux::net::SocketAddrExt as _;
    stream.peer_addr().is_ok_and(|address| {
        let name = address.as_abstract_name();
        name.is_some_and(|name| name.starts_with(CUT_MARK.as_bytes()))
    })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn is_cut(_: &UnixStream) -> bool {
    false
}

/// The process id and the user of the other end, on systems that report them.
#[cfg(target_os = "linux")]
pub(crate) fn peer_process(stream: &UnixStream) -> Option<(i32, u32)> {
    let peer = sockopt::socket_peercred(stream).ok()?;
    Some((peer.pid.as_raw_pid(), peer.uid.as_raw()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn peer_process(_: &UnixStream) -> Option<(i32, u32)> {
    None
}

/// Whether this process runs as the user with this number.
pub(crate) fn is_own_user(uid: u32) -> bool {
    uid == geteuid().as_raw()
}

/// Turns keepalive on: after `idle`, `probes` are sent, one each `interval`.
pub(crate) fn set_keepalive(
    stream: &TcpStream,
    idle: Duration,
    interval: Duration,
    probes: u32,
) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    #[cfg(target_os = "linux")]
    {
        sockopt::set_tcp_keepidle(stream, idle)?;
        sockopt::set_tcp_keepintvl(stream, interval)?;
        sockopt::set_tcp_keepcnt(stream, probes)?;
        // Probes are sent on an idle connection only. This is the limit while sent data is not acknowledged.
        let whole = idle.saturating_add(interval.saturating_mul(probes));
        let millis = u32::try_from(whole.as_millis()).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(stream, millis)?;
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (idle, interval, probes);
    Ok(())
}

/// Whether the process or the system has run out of descriptors or memory.
pub(crate) fn is_exhaustion(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS)
    )
}
