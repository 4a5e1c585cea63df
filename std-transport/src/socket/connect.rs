//! Addresses in specs, and connecting to them with a deadline.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};

use crate::deadline::Deadline;
use crate::error::{BootstrapError, MakeGatewayError, Stage};
use crate::socket::keepalive::Keepalive;
use crate::socket::stream::Stream;
use crate::spec::SpecError;
use crate::transport::Request;

/// `HOST:PORT`, or `[ADDRESS]:PORT` for IPv6.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPort {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl HostPort {
    /// `key` is that of the spec, for errors.
    pub(crate) fn parse(key: &'static str, text: &str) -> Result<Self, SpecError> {
        let refused = |problem: &str| SpecError::Value {
            key,
            problem: format!("{text:?} {problem}"),
        };
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| refused("is not HOST:PORT"))?;
        let port = port
            .parse()
            .map_err(|_| refused("ends in no port number"))?;
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

/// Connects to the first of the host's addresses that takes it; `name` is for errors.
pub(crate) fn connect_tcp(
    request: &Request<'_>,
    name: &str,
    to: &HostPort,
) -> Result<Stream, MakeGatewayError> {
    let failed = |stage, error| BootstrapError::io(stage, name.to_owned(), error);
    let addresses = (to.host.as_str(), to.port).to_socket_addrs();
    let addresses = addresses.map_err(|error| failed(Stage::Resolve, error))?;
    let keepalive = Keepalive::of(request.spec)?;
    let deadline = Deadline::after(request.options.bootstrap_timeout);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        let connected = connect_until(&address, deadline);
        match connected.and_then(|stream| Stream::tcp(stream, keepalive)) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(failed(Stage::Connect, last).into())
}

fn connect_until(address: &SocketAddr, deadline: Deadline) -> io::Result<TcpStream> {
    // A duration of zero is refused, and one that short connects to nothing far.
    let left = deadline.left();
    TcpStream::connect_timeout(address, left.max(Duration::from_millis(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
