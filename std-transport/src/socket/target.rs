//! What a spec connects to, and what is made of the connection: here, or where another gateway opens it.

use alloc::sync::Arc;
use std::ffi::OsStr;
use std::io::{self, Read, Write};

use execnet_serializer::Value;

use crate::bootstrap::Duplex;
use crate::error::{BootstrapError, MakeGatewayError, Stage};
use crate::peer::WorkerHandle;
use crate::socket::connect::{Attempt, HostPort, connect_tcp, connect_unix, resolve};
use crate::socket::connection::Connection;
use crate::socket::keepalive::Keepalive;
use crate::socket::stream::Stream;
#[cfg(feature = "tls")]
use crate::socket::tls::{Session, TlsDuplex, client_of};
use crate::socket::{guest, served};
use crate::spec::{SpecError, XSpec};
use crate::transport::{Connected, Request};

/// A way to a worker that becomes the two ends of a link when there is one.
pub(crate) trait Split: Duplex {
    type Reader: Read + Send + 'static;
    type Writer: Write + Send + 'static;

    fn split(self) -> (Self::Reader, Self::Writer);

    /// Identifies the TLS session, for proofs that are to be valid in this one alone; empty where there is none.
    fn binding(&self) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }
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
        let keepalive = Keepalive::of(request.spec)?;
        let connection = Connection::new(self.name.clone(), via);
        let peer: Arc<dyn WorkerHandle> = Arc::<Connection>::clone(&connection);
        // Before there is a connection: the making of one can be ended too.
        (request.on_spawned)(Arc::clone(&peer));
        let attempt = Attempt {
            deadline: request.deadline,
            ended: &|| connection.is_closed(),
        };
        let stream = self.address.connect(keepalive, attempt);
        let stream =
            stream.map_err(|(stage, error)| BootstrapError::io(stage, self.name.clone(), error))?;
        self.take_up(request, connection.open(stream), peer)
    }

    /// Makes a worker of whoever is at the other end.
    pub(crate) fn take_up(
        self,
        request: &Request<'_>,
        duplex: impl Split,
        peer: Arc<dyn WorkerHandle>,
    ) -> Result<Connected, MakeGatewayError> {
        match self.seal {
            None => greet(self.host, request, duplex, peer),
            #[cfg(feature = "tls")]
            Some(session) => {
                let duplex = TlsDuplex::new(duplex, session);
                greet(self.host, request, duplex, peer)
            }
            #[cfg(not(feature = "tls"))]
            Some(never) => match never {},
        }
    }
}

fn greet(
    host: Host,
    request: &Request<'_>,
    mut duplex: impl Split,
    peer: Arc<dyn WorkerHandle>,
) -> Result<Connected, MakeGatewayError> {
    let rest = match host {
        Host::Stock => guest::greet(request, &mut duplex, peer.as_ref())?,
        Host::Ours => served::greet(request, &mut duplex, peer.as_ref())?,
    };
    let (reader, writer) = duplex.split();
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
    /// Connects from here; an error comes with the step that failed.
    pub(crate) fn connect(
        &self,
        keepalive: Keepalive,
        attempt: Attempt<'_>,
    ) -> Result<Stream, (Stage, io::Error)> {
        match self {
            Self::Tcp(to) => {
                let addresses = resolve(to, attempt).map_err(|error| (Stage::Resolve, error))?;
                connect_tcp(&addresses, keepalive, attempt).map_err(|error| (Stage::Connect, error))
            }
            Self::Unix(path) => {
                connect_unix(path, attempt).map_err(|error| (Stage::Connect, error))
            }
        }
    }

    /// What [`to_value`](Self::to_value) makes; none if this is nothing like it.
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        let Value::Tuple(parts) = value else {
            return None;
        };
        match parts.as_slice() {
            [kind, host, port] if kind.as_str() == Some("tcp") => Some(Self::Tcp(HostPort {
                host: host.as_str()?.to_owned(),
                port: u16::try_from(port.as_i64()?).ok()?,
            })),
            [kind, path] if kind.as_str() == Some("unix") => {
                Some(Self::Unix(path.as_str()?.to_owned()))
            }
            _ => None,
        }
    }

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

/// The same of a key that names a file.
pub(super) fn path<'a>(spec: &'a XSpec, key: &'static str) -> Result<&'a OsStr, SpecError> {
    let path = spec.get_os(key);
    path.ok_or_else(|| refused(key, "it has no value"))
}

pub(super) fn refused(key: &'static str, problem: &str) -> SpecError {
    SpecError::Value {
        key,
        problem: problem.to_owned(),
    }
}
