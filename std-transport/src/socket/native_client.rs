//! The client of our own server, which starts a process for each connection.

use crate::error::MakeGatewayError;
use crate::handshake::Ready;
use crate::payload::{WorkerEnv, payload};
use crate::peer::WorkerHandle;
use crate::socket::greeting::{Rejected, authenticate, hello};
use crate::socket::target::Split;
use crate::socket::token::Token;
use crate::spec::{SpecError, XSpec};
use crate::transport::{Request, explain, handshake_with, settings};

/// Sends the greeting, then the worker's payload. Without a token both go in one message: the server forwards
/// everything after the greeting. With a token, the payload goes only to a server that has proved that it knows the
/// token.
pub(super) fn client_handshake(
    request: &Request<'_>,
    duplex: &mut impl Split,
    peer: &dyn WorkerHandle,
) -> Result<Ready, MakeGatewayError> {
    let spec = request.spec;
    if spec.has("python") && !spec.has("installvia") {
        return Err(SpecError::value("python", "the server chooses the interpreter").into());
    }
    let mut settings = settings(request)?;
    settings.env = WorkerEnv::of(spec);
    let mut first = match token(spec)? {
        None => hello(),
        Some(token) => {
            authenticate(duplex, &token, request.deadline).map_err(|rejected| {
                let Rejected { failure, preamble } = rejected;
                explain(peer, failure, &preamble)
            })?;
            Vec::new()
        }
    };
    handshake_with(request, duplex, peer, &settings, |settings, nonce| {
        first.extend(payload(settings, nonce)?);
        Ok(first)
    })
}

fn token(spec: &XSpec) -> Result<Option<Token>, SpecError> {
    if !spec.has("token_file") {
        return Ok(None);
    }
    let path = spec.required_path("token_file")?;
    Token::from_file(path)
        .map(Some)
        .map_err(|error| SpecError::value("token_file", error.to_string()))
}
