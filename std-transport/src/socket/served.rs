//! Gateways to workers that our own server starts, one process for each connection.

use alloc::sync::Arc;
use std::io::{self, Read as _};
use std::os::unix::net::UnixStream;

use crate::error::{BootstrapError, MakeGatewayError, Stage};
use crate::handshake::Nonce;
use crate::program::{Surroundings, program};
use crate::socket::connect::{HostPort, connect_tcp};
use crate::socket::connection::{Connection, SocketWire};
use crate::socket::greeting::greeting;
use crate::socket::stream::Stream;
use crate::socket::token::Token;
use crate::spec::{SpecError, XSpec};
use crate::transport::{Connected, Peer, Request, settings, shake_hands_with};

/// `unix=PATH`
pub(crate) fn start_unix(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    let path = value(request.spec, "unix")?;
    let name = format!("unix={path}");
    let stream = UnixStream::connect(path)
        .map_err(|error| BootstrapError::io(Stage::Connect, name.clone(), error))?;
    start(request, Connection::new(name, Stream::Unix(stream)))
}

/// `tcp=HOST:PORT`
pub(crate) fn start_tcp(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    let text = value(request.spec, "tcp")?;
    let name = format!("tcp={text}");
    let stream = connect_tcp(request, &name, &HostPort::parse("tcp", text)?)?;
    start(request, Connection::new(name, stream))
}

fn start(
    request: &Request<'_>,
    connection: Arc<Connection>,
) -> Result<Connected, MakeGatewayError> {
    let peer: Arc<dyn Peer> = Arc::<Connection>::clone(&connection);
    (request.begun)(Arc::clone(&peer));
    let mut wire = SocketWire(connection);
    let rest = greet(request, &mut wire, peer.as_ref())?;
    let (reader, writer) = wire.split();
    Ok(Connected::new(
        io::Cursor::new(rest).chain(reader),
        writer,
        peer,
    ))
}

/// The greeting and the handshake with the worker, in one go: the server passes everything after the greeting on.
fn greet(
    request: &Request<'_>,
    wire: &mut SocketWire,
    peer: &dyn Peer,
) -> Result<Vec<u8>, MakeGatewayError> {
    let spec = request.spec;
    if spec.has("python") {
        return Err(refused("python", "the server chooses the interpreter").into());
    }
    let mut hello = greeting(token(spec)?.as_ref());
    let mut settings = settings(request)?;
    settings.surroundings = Surroundings::of(spec);
    let nonce = Nonce::new();
    let program = program(&settings, &nonce).map(|program| {
        hello.extend(program);
        hello
    });
    shake_hands_with(request, wire, peer, &nonce, program)
}

fn token(spec: &XSpec) -> Result<Option<Token>, SpecError> {
    if !spec.has("token_file") {
        return Ok(None);
    }
    let path = value(spec, "token_file")?;
    Token::from_file(path)
        .map(Some)
        .map_err(|error| refused("token_file", &error.to_string()))
}

fn value<'a>(spec: &'a XSpec, key: &'static str) -> Result<&'a str, SpecError> {
    spec.get(key).ok_or_else(|| refused(key, "it has no value"))
}

fn refused(key: &'static str, problem: &str) -> SpecError {
    SpecError::Value {
        key,
        problem: problem.to_owned(),
    }
}
