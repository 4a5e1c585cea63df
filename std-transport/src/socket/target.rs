//! What a spec connects to, and what is made of the connection: here, or where another gateway opens it.

use alloc::sync::Arc;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use execnet_serializer::Value;

use crate::bootstrap::Wire;
use crate::error::{BootstrapError, MakeGatewayError, Stage};
use crate::socket::connect::{HostPort, connect_tcp};
use crate::socket::connection::{Connection, SocketWire};
use crate::socket::stream::Stream;
use crate::socket::{guest, served};
use crate::spec::{SpecError, XSpec};
use crate::transport::{Connected, Peer, Request};

/// A way to a worker that becomes the two ends of a link when there is one.
pub(crate) trait Split: Wire {
    type Reader: Read + Send + 'static;
    type Writer: Write + Send + 'static;

    fn split(self) -> (Self::Reader, Self::Writer);
}

/// Where to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp(HostPort),
    Unix(String),
}

/// Who listens there, which says what to send first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// Stock execnet's server, or ours in its place: it runs what comes, in its own process.
    Stock,
    /// Our own, which starts a process.
    Ours,
}

/// Somebody who listens.
#[derive(Debug)]
pub(crate) struct Target {
    /// In errors.
    pub(crate) name: String,
    pub(crate) address: Address,
    pub(crate) host: Host,
}

impl Target {
    /// What the spec names; none if it means no socket.
    pub(crate) fn of(spec: &XSpec) -> Result<Option<Self>, SpecError> {
        let target = |key, address, host| {
            let value = spec.get(key).unwrap_or_default();
            let name = format!("{key}={value}");
            Ok(Some(Self {
                name,
                address,
                host,
            }))
        };
        if spec.has("socket") {
            let address = host_port(spec, "socket")?;
            target("socket", address, Host::Stock)
        } else if spec.has("tcp") {
            target("tcp", host_port(spec, "tcp")?, Host::Ours)
        } else if spec.has("unix") {
            let path = value(spec, "unix")?.to_owned();
            target("unix", Address::Unix(path), Host::Ours)
        } else {
            Ok(None)
        }
    }

    /// Connects from here, for a worker that depends on the gateway `via`, if there is one, and makes a worker of the
    /// other end.
    pub(crate) fn connect(
        &self,
        request: &Request<'_>,
        via: Option<String>,
    ) -> Result<Connected, MakeGatewayError> {
        let stream = match &self.address {
            Address::Tcp(to) => connect_tcp(request, &self.name, to)?,
            Address::Unix(path) => UnixStream::connect(path)
                .map(Stream::Unix)
                .map_err(|error| BootstrapError::io(Stage::Connect, self.name.clone(), error))?,
        };
        let connection = Connection::new(self.name.clone(), stream, via);
        let peer: Arc<dyn Peer> = Arc::<Connection>::clone(&connection);
        (request.begun)(Arc::clone(&peer));
        self.take_up(request, SocketWire(connection), peer)
    }

    /// Makes a worker of whoever is at the other end.
    pub(crate) fn take_up(
        &self,
        request: &Request<'_>,
        mut wire: impl Split,
        peer: Arc<dyn Peer>,
    ) -> Result<Connected, MakeGatewayError> {
        let rest = match self.host {
            Host::Stock => guest::greet(request, &mut wire, peer.as_ref())?,
            Host::Ours => served::greet(request, &mut wire, peer.as_ref())?,
        };
        let (reader, writer) = wire.split();
        let reader = io::Cursor::new(rest).chain(reader);
        Ok(Connected::new(reader, writer, peer))
    }
}

impl Address {
    /// For the program that connects in the middle.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Tcp(HostPort { host, port }) => ("tcp", host.as_str(), *port).into(),
            Self::Unix(path) => ("unix", path.as_str()).into(),
        }
    }
}

fn host_port(spec: &XSpec, key: &'static str) -> Result<Address, SpecError> {
    HostPort::parse(key, value(spec, key)?).map(Address::Tcp)
}

pub(super) fn value<'a>(spec: &'a XSpec, key: &'static str) -> Result<&'a str, SpecError> {
    spec.get(key).ok_or_else(|| refused(key, "it has no value"))
}

pub(super) fn refused(key: &'static str, problem: &str) -> SpecError {
    SpecError::Value {
        key,
        problem: problem.to_owned(),
    }
}
