//! What our own server is told, which starts one process for each connection.

use crate::bootstrap::Wire;
use crate::error::MakeGatewayError;
use crate::handshake::Nonce;
use crate::program::{Surroundings, program};
use crate::socket::greeting::greeting;
use crate::socket::target::{refused, value};
use crate::socket::token::Token;
use crate::spec::{SpecError, XSpec};
use crate::transport::{Peer, Request, settings, shake_hands_with};

/// The greeting and the handshake with the worker, in one go: the server passes everything after the greeting on.
pub(super) fn greet(
    request: &Request<'_>,
    wire: &mut dyn Wire,
    peer: &dyn Peer,
) -> Result<Vec<u8>, MakeGatewayError> {
    let spec = request.spec;
    if spec.has("python") && !spec.has("installvia") {
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
