//! The server that a spec names, and the handshake over a connection to it, which this program or a proxy opens.

use alloc::sync::Arc;
use std::io::{self, Read, Write};

use execnet_serializer::Value;

use crate::bootstrap::Duplex;
use crate::error::{BootstrapError, MakeGatewayError};
use crate::peer::WorkerHandle;
use crate::socket::connect::{Attempt, HostPort, connect_tcp, connect_unix, resolve};
use crate::socket::connection::Connection;
use crate::socket::keepalive::Keepalive;
use crate::socket::stream::Stream;
#[cfg(feature = "tls")]
use crate::socket::tls::{TlsDuplex, TlsSession, client_of};
use crate::socket::{native_client, stock_client};
use crate::spec::{SpecError, XSpec};
use crate::transport::{Connected, Request};

/// A duplex stream that is split into the two ends of a link after the handshake.
pub(crate) trait Split: Duplex {
    type Reader: Read + Send + 'static;
    type Writer: Write + Send + 'static;

    fn split(self) -> (Self::Reader, Self::Writer);

    /// Identifies the TLS session, so that a proof is valid in this session only; empty without TLS.
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

/// The protocol of the server, which determines what is sent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    /// Stock execnet's: it executes what it receives.
    Stock,
    /// Our own: it starts a process for each connection.
    Native,
}

#[cfg(not(feature = "tls"))]
type TlsSession = core::convert::Infallible;

/// A server to connect to.
#[derive(Debug)]
pub(crate) struct Target {
    /// The name in errors.
    pub(crate) name: String,
    pub(crate) address: Address,
    pub(crate) kind: ServerKind,
    pub(crate) tls: Option<TlsSession>,
}

impl Target {
    /// The server of the spec; `None` if it names no socket.
    pub(crate) fn of(spec: &XSpec) -> Result<Option<Self>, SpecError> {
        let keys = [
            ("socket", ServerKind::Stock),
            ("tcp", ServerKind::Native),
            ("tls", ServerKind::Native),
            ("unix", ServerKind::Native),
        ];
        let Some((key, kind)) = keys.into_iter().find(|(key, _)| spec.has(key)) else {
            return Ok(None);
        };
        let text = spec.required(key)?;
        let address = match key {
            "unix" => Address::Unix(text.to_owned()),
            key => Address::Tcp(HostPort::parse(key, text)?),
        };
        let tls = match (key, &address) {
            ("tls", Address::Tcp(to)) => Some(tls_session(spec, to)?),
            _ => None,
        };
        Ok(Some(Self {
            name: format!("{key}={text}"),
            address,
            kind,
            tls,
        }))
    }

    /// Connects from this process and performs the handshake. `via` is the gateway that the server was started on, if
    /// any.
    pub(crate) fn connect(
        self,
        request: &Request<'_>,
        via: Option<String>,
    ) -> Result<Connected, MakeGatewayError> {
        let keepalive = Keepalive::of(request.spec)?;
        let connection = Connection::new(self.name.clone(), via);
        let peer: Arc<dyn WorkerHandle> = Arc::<Connection>::clone(&connection);
        // Before the connection exists: a kill must end connecting too.
        (request.on_spawned)(Arc::clone(&peer));
        let attempt = Attempt {
            deadline: request.deadline,
            ended: &|| connection.is_closed(),
        };
        let stream = self.address.connect(keepalive, attempt);
        let stream = stream.map_err(|error| BootstrapError::connect(self.name.clone(), error))?;
        self.take_up(request, connection.open(stream), peer)
    }

    /// Performs the handshake over a connection.
    pub(crate) fn take_up(
        self,
        request: &Request<'_>,
        duplex: impl Split,
        peer: Arc<dyn WorkerHandle>,
    ) -> Result<Connected, MakeGatewayError> {
        match self.tls {
            None => client_handshake(self.kind, request, duplex, peer),
            #[cfg(feature = "tls")]
            Some(session) => {
                let duplex = TlsDuplex::new(duplex, session);
                client_handshake(self.kind, request, duplex, peer)
            }
            #[cfg(not(feature = "tls"))]
            Some(never) => match never {},
        }
    }
}

fn client_handshake(
    kind: ServerKind,
    request: &Request<'_>,
    mut duplex: impl Split,
    peer: Arc<dyn WorkerHandle>,
) -> Result<Connected, MakeGatewayError> {
    let ready = match kind {
        ServerKind::Stock => stock_client::client_handshake(request, &mut duplex, peer.as_ref())?,
        ServerKind::Native => native_client::client_handshake(request, &mut duplex, peer.as_ref())?,
    };
    let (reader, writer) = duplex.split();
    Ok(Connected::new(ready, reader, writer, peer))
}

#[cfg(feature = "tls")]
fn tls_session(spec: &XSpec, to: &HostPort) -> Result<TlsSession, SpecError> {
    client_of(spec, to)
}

#[cfg(not(feature = "tls"))]
fn tls_session(_spec: &XSpec, _to: &HostPort) -> Result<TlsSession, SpecError> {
    let (key, feature) = ("tls=", "tls");
    Err(SpecError::NeedsFeature { key, feature })
}

impl Address {
    /// Connects.
    pub(crate) fn connect(&self, keepalive: Keepalive, attempt: Attempt<'_>) -> io::Result<Stream> {
        match self {
            Self::Tcp(to) => connect_tcp(&resolve(to, attempt)?, keepalive, attempt),
            Self::Unix(path) => connect_unix(path, attempt),
        }
    }

    /// The reverse of [`to_value`](Self::to_value); `None` if the value is malformed.
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

    /// The value that a proxy reads.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Tcp(HostPort { host, port }) => ("tcp", host.as_str(), *port).into(),
            Self::Unix(path) => ("unix", path.as_str()).into(),
        }
    }
}
