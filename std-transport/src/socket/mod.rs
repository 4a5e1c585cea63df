//! Workers behind sockets: the ways to a server, and the server.

mod connect;
mod connection;
mod greeting;
mod served;
mod server;
mod stock;
mod stream;
mod token;

pub(crate) use served::{start_tcp, start_unix};
pub use server::{Listen, Server, ServerError, ServerEvent, ServerOptions, ServerStop};
pub(crate) use stock::start as start_stock;
pub use token::Token;
