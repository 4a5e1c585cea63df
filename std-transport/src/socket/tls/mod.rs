//! TLS 1.3 with certificates on both sides, over any duplex stream.

mod files;
mod purpose;
mod session;
mod split;

pub use files::TlsFiles;
#[cfg(test)]
pub(crate) use files::client_without_certificate;
pub(crate) use files::{ServerSide, client_of};
pub(crate) use session::TlsSession;
pub(crate) use split::TlsDuplex;

use std::io;

use rustls::Error;

/// As an error of links.
fn broken(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
