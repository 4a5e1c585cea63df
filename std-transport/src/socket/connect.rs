//! Addresses in specs, and connecting to them with a deadline.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use rustix::io::Errno;

use crate::deadline::{Deadline, part};
use crate::socket::keepalive::Keepalive;
use crate::socket::stream::Stream;
use crate::spec::SpecError;
use crate::sys::{self, is_own_user};

/// `HOST:PORT`, or `[ADDRESS]:PORT` for IPv6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPort {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl HostPort {
    /// `key` is the key of the spec, for errors.
    pub(crate) fn parse(key: &'static str, text: &str) -> Result<Self, SpecError> {
        let refused = |problem: &str| SpecError::value(key, format!("{text:?} {problem}"));
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| refused("is not HOST:PORT"))?;
        let port = port
            .parse()
            .map_err(|_| refused("does not end in a port number"))?;
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = bare.unwrap_or(host);
        if host.is_empty() || (bare.is_none() && host.contains(':')) {
            return Err(refused("is not HOST:PORT"));
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// The limits of an attempt to connect: its deadline, and whether the gateway has been killed.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) deadline: Deadline,
    pub(crate) ended: &'a dyn Fn() -> bool,
}

/// How often an attempt checks whether it has been ended: nothing can interrupt its system calls.
const CHECK_INTERVAL: Duration = Duration::from_millis(50);

impl Attempt<'_> {
    /// Calls `step`, which waits for at most the given time, until it returns something.
    fn wait<T>(self, mut step: impl FnMut(Duration) -> Option<io::Result<T>>) -> io::Result<T> {
        loop {
            if (self.ended)() {
                let problem = "the attempt to connect was ended";
                return Err(io::Error::new(io::ErrorKind::ConnectionAborted, problem));
            }
            let left = self.deadline.left();
            if left.is_zero() {
                // With an error number: that is what a proxy reports to its controller.
                return Err(Errno::TIMEDOUT.into());
            }
            // Not zero: to the system a socket timeout of zero means no timeout.
            if let Some(done) = step(left.clamp(Duration::from_millis(1), CHECK_INTERVAL)) {
                return done;
            }
        }
    }

    /// The same attempt with one of `count` equal parts of the remaining time.
    fn share(self, count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
        Self {
            deadline: Deadline::after(part(self.deadline.left(), 1, count)),
            ..self
        }
    }
}

/// The addresses of a host.
pub(crate) fn resolve(to: &HostPort, attempt: Attempt<'_>) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = to.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, to.port)]);
    }
    // In a thread, as the system's resolver has no deadline and cannot be interrupted. The thread ends when it returns.
    let (found, addresses) = mpsc::channel();
    let name = (to.host.clone(), to.port);
    let thread = thread::Builder::new().name("execnet resolver".to_owned());
    thread.spawn(move || {
        let resolved = name.to_socket_addrs().map(Iterator::collect);
        let unreachable = |error| io::Error::new(io::ErrorKind::HostUnreachable, error);
        let resolved = resolved.map_err(unreachable);
        // Fails if the attempt has ended before.
        let _ = found.send(resolved);
    })?;
    attempt.wait(|timeout| match addresses.recv_timeout(timeout) {
        Ok(resolved) => Some(resolved),
        Err(RecvTimeoutError::Timeout) => None,
        // The thread has panicked. The panic was printed.
        Err(RecvTimeoutError::Disconnected) => Some(Err(io::ErrorKind::Other.into())),
    })
}

/// Connects to the first of these addresses that accepts. Each has an equal share of the remaining time, so that one
/// that does not answer leaves time for the next.
pub(crate) fn connect_tcp(
    addresses: &[SocketAddr],
    keepalive: Keepalive,
    attempt: Attempt<'_>,
) -> io::Result<Stream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for (tried, address) in addresses.iter().enumerate() {
        let share = attempt.share(addresses.len() - tried);
        match connect_to(address, share).and_then(|stream| Stream::tcp(stream, keepalive)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn connect_to(address: &SocketAddr, attempt: Attempt<'_>) -> io::Result<TcpStream> {
    sys::connect_tcp(address, attempt.deadline, |step| attempt.wait(step))
}

/// Connects to a Unix socket. The server must belong to this user or root: another user must not get what the client
/// sends.
pub(crate) fn connect_unix(path: &str, attempt: Attempt<'_>) -> io::Result<Stream> {
    let stream = sys::connect_unix(path, |step| attempt.wait(step)).map(Stream::Unix)?;
    // The owner of the connection's other end, and not of the file: another user may replace a file between the check
    // and the connect.
    let ours = |uid| uid == 0 || is_own_user(uid);
    match stream.peer_process() {
        Some((_, uid)) if !ours(uid) => {
            let problem = format!("the server runs as user {uid}");
            Err(io::Error::new(io::ErrorKind::PermissionDenied, problem))
        }
        _ => Ok(stream),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Fills the listener's queue, so that it does not answer further connections.
    fn fill(listener: &TcpListener) -> Vec<TcpStream> {
        rustix::net::listen(listener, 0).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(200));
        core::iter::from_fn(|| connect().ok()).collect()
    }

    /// The first address could use up all of the time.
    #[test]
    fn an_address_that_does_not_answer_leaves_time_for_the_next() {
        let (silent, next) = (listener(), listener());
        let connections = fill(&silent);
        let addresses = [&silent, &next].map(|listener| listener.local_addr().unwrap());
        let attempt = Attempt {
            deadline: Deadline::after(Duration::from_secs(4)),
            ended: &|| false,
        };
        let stream = connect_tcp(&addresses, Keepalive::default(), attempt).unwrap();
        #[cfg_attr(
            windows,
            allow(irrefutable_let_patterns, reason = "there are no other streams there")
        )]
        let Stream::Tcp(stream) = stream else {
            panic!("{stream:?}")
        };
        assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        drop(connections);
    }

    fn listener() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").unwrap()
    }

    #[test]
    fn a_host_and_port_are_split_at_the_last_colon() {
        let parse = |text| HostPort::parse("socket", text);
        let address = |host: &str, port| {
            Ok(HostPort {
                host: host.to_owned(),
                port,
            })
        };
        assert_eq!(parse("192.168.102.2:8888"), address("192.168.102.2", 8888));
        assert_eq!(parse("localhost:0"), address("localhost", 0));
        assert_eq!(parse("[::1]:9"), address("::1", 9));
        for text in [
            "",
            "host",
            "host:",
            ":9",
            "host:65536",
            "::1:9",
            "[::1]",
            "[]:9",
        ] {
            assert!(
                matches!(parse(text), Err(SpecError::Value { key: "socket", .. })),
                "{text:?}"
            );
        }
    }
}
