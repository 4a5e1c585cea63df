//! Workers behind sockets.

mod connect;
mod connection;
mod stock;
mod stream;

pub(crate) use stock::start as start_stock;
