//! Devices behind a serial line, which are workers already: `serial=`.

mod connection;
mod line;

use alloc::sync::Arc;
use std::io;

use crate::error::{BootstrapError, BootstrapErrorKind, MakeGatewayError};
use crate::handshake::Ready;
use crate::peer::WorkerHandle;
use crate::socket::{Address, Attempt, Connection, HostPort, Keepalive, Split as _, Stream};
use crate::spec::{SpecError, XSpec};
use crate::sys;
use crate::transport::{Connected, Request, explain};

/// The speed of a line for which the spec names none.
const BAUD: u32 = 115_200;

/// The keys for workers that are started for a gateway. A device runs its program already.
const REFUSED: &[&str] = &[
    "bootstrap",
    "chdir",
    "dont_write_bytecode",
    "execmodel",
    "nice",
    "pickle",
    "python",
    "sudo",
    "worker",
];

/// Begins a connection on the line that the spec names.
pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    let spec = request.spec;
    check(spec)?;
    let line = Line::of(spec)?;
    let name = format!("serial={}", spec.required("serial")?);
    let connection = Connection::new(name.clone(), None);
    let peer: Arc<dyn WorkerHandle> = Arc::<Connection>::clone(&connection);
    (request.on_spawned)(Arc::clone(&peer));
    let attempt = Attempt {
        deadline: request.deadline,
        ended: &|| connection.is_closed(),
    };
    let stream = line
        .open(attempt)
        .map_err(|error| line.failed(name, error))?;
    let mut duplex = connection.open(stream);
    let begun = connection::begin(&mut duplex, request.deadline);
    let begun = begun.map_err(|(failure, noise)| explain(peer.as_ref(), failure, &noise))?;
    let (reader, writer) = duplex.split();
    let (reader, writer) = line::halves(begun, reader, writer);
    let ready = Ready {
        pickles: false,
        rest: Vec::new(),
    };
    Ok(Connected::new(ready, reader, writer, peer))
}

fn check(spec: &XSpec) -> Result<(), SpecError> {
    let refused = REFUSED.iter().find(|key| spec.has(key));
    match refused {
        Some(key) => Err(SpecError::Conflict("serial", key)),
        None if spec.env().is_empty() => Ok(()),
        None => Err(SpecError::Conflict("serial", "env")),
    }
}

/// What the line is at this end.
enum Line {
    Tty {
        path: String,
        baud: u32,
    },
    /// A socket that leads to a line: of an emulator, or of a server of serial ports.
    Socket(Address),
}

impl Line {
    fn of(spec: &XSpec) -> Result<Self, SpecError> {
        let text = spec.required("serial")?;
        let baud = match spec.get("baud") {
            None => BAUD,
            Some(text) => text.parse().ok().filter(|baud| *baud > 0).ok_or_else(|| {
                SpecError::value(
                    "baud",
                    format!("{text:?} is not a number of bits per second"),
                )
            })?,
        };
        let address = match text.split_once(':') {
            Some(("unix", path)) => Address::Unix(path.to_owned()),
            Some(("tcp", to)) => Address::Tcp(HostPort::parse("serial", to)?),
            _ => {
                let path = text.to_owned();
                return Ok(Self::Tty { path, baud });
            }
        };
        match spec.has("baud") {
            false => Ok(Self::Socket(address)),
            true => Err(SpecError::value("baud", "a socket has no speed")),
        }
    }

    fn failed(&self, name: String, error: io::Error) -> BootstrapError {
        match self {
            // There is no host, whose name or network could be at fault.
            Self::Tty { .. } => {
                BootstrapError::io(BootstrapErrorKind::ConnectionFailed, name, error)
            }
            Self::Socket(_) => BootstrapError::connect(name, error),
        }
    }

    fn open(&self, attempt: Attempt<'_>) -> io::Result<Stream> {
        match self {
            Self::Tty { path, baud } => sys::open_tty(path, *baud).map(Stream::Unix),
            Self::Socket(address) => address.connect(Keepalive::default(), attempt),
        }
    }
}
