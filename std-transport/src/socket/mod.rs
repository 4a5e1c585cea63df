//! Workers behind sockets: the clients of stock and of our own servers, and our server.

mod connect;
mod connection;
mod greeting;
mod keepalive;
mod native_client;
mod proof;
mod server;
mod stock_client;
mod stream;
mod target;
#[cfg(feature = "tls")]
mod tls;
mod token;

pub(crate) use connect::{Attempt, HostPort};
pub(crate) use connection::Connection;
pub(crate) use keepalive::Keepalive;
pub use server::{
    Listen, Server, ServerBindError, ServerEvent, ServerOptions, ServerReload, ServerReloadError,
    ServerStop,
};
pub(crate) use stream::{Stream, StreamDuplex};
pub(crate) use target::{Address, ServerKind, Split, Target};
#[cfg(feature = "tls")]
pub use tls::TlsFiles;
pub use token::Token;

use crate::error::MakeGatewayError;
use crate::spec::SpecError;
use crate::transport::{Connected, Request};

/// Connects to the server that the spec names.
pub(crate) fn start(request: &Request<'_>) -> Result<Connected, MakeGatewayError> {
    match Target::of(request.spec)? {
        Some(target) => target.connect(request, None),
        None => Err(SpecError::NoTransport.into()),
    }
}
