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
#[cfg(feature = "tls")]
use crate::socket::tls::{Session, TlsWire, client_of};
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

/// What seals the connection.
#[cfg(feature = "tls")]
type Seal = Session;
#[cfg(not(feature = "tls"))]
type Seal = core::convert::Infallible;

/// Somebody who listens.
#[derive(Debug)]
pub(crate) struct Target {
    /// In errors.
    pub(crate) name: String,
    pub(crate) address: Address,
    pub(crate) host: Host,
    pub(crate) seal: Option<Seal>,
}

impl Target {
    /// What the spec names; none if it means no socket.
    pub(crate) fn of(spec: &XSpec) -> Result<Option<Self>, SpecError> {
        let keys = [
            ("socket", Host::Stock),
            ("tcp", Host::Ours),
            ("tls", Host::Ours),
            ("unix", Host::Ours),
        ];
        let Some((key, host)) = keys.into_iter().find(|(key, _)| spec.has(key)) else {
            return Ok(None);
        };
        let text = value(spec, key)?;
        let address = match key {
            "unix" => Address::Unix(text.to_owned()),
            key => Address::Tcp(HostPort::parse(key, text)?),
        };
        let seal = match (key, &address) {
            ("tls", Address::Tcp(to)) => Some(seal(spec, to)?),
            _ => None,
        };
        Ok(Some(Self {
            name: format!("{key}={text}"),
            address,
            host,
            seal,
        }))
    }

    /// Connects from here, for a worker that depends on the gateway `via`, if there is one, and makes a worker of the
    /// other end.
    pub(crate) fn connect(
        self,
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
        self,
        request: &Request<'_>,
        wire: impl Split,
        peer: Arc<dyn Peer>,
    ) -> Result<Connected, MakeGatewayError> {
        match self.seal {
            None => greet(self.host, request, wire, peer),
            #[cfg(feature = "tls")]
            Some(session) => greet(self.host, request, TlsWire::new(wire, session), peer),
            #[cfg(not(feature = "tls"))]
            Some(never) => match never {},
        }
    }
}

fn greet(
    host: Host,
    request: &Request<'_>,
    mut wire: impl Split,
    peer: Arc<dyn Peer>,
) -> Result<Connected, MakeGatewayError> {
    let rest = match host {
        Host::Stock => guest::greet(request, &mut wire, peer.as_ref())?,
        Host::Ours => served::greet(request, &mut wire, peer.as_ref())?,
    };
    let (reader, writer) = wire.split();
    let reader = io::Cursor::new(rest).chain(reader);
    Ok(Connected::new(reader, writer, peer))
}

#[cfg(feature = "tls")]
fn seal(spec: &XSpec, to: &HostPort) -> Result<Seal, SpecError> {
    client_of(spec, to)
}

#[cfg(not(feature = "tls"))]
fn seal(_spec: &XSpec, _to: &HostPort) -> Result<Seal, SpecError> {
    Err(refused(
        "tls",
        "this program was built without it (feature `tls`)",
    ))
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

pub(super) fn value<'a>(spec: &'a XSpec, key: &'static str) -> Result<&'a str, SpecError> {
    spec.get(key).ok_or_else(|| refused(key, "it has no value"))
}

pub(super) fn refused(key: &'static str, problem: &str) -> SpecError {
    SpecError::Value {
        key,
        problem: problem.to_owned(),
    }
}
