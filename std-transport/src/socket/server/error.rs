//! The errors of a server.

use core::error::Error;
use core::fmt;
use core::net::SocketAddr;
use std::io;
use std::path::PathBuf;

use crate::error::debug_as_report;
use crate::spec::SpecError;

/// A server cannot listen.
#[non_exhaustive]
pub enum ServerBindError {
    /// Without encryption only loopback addresses are served.
    NotLoopback(SocketAddr),
    /// Other users can access this directory.
    PublicDirectory(PathBuf),
    /// Another server listens there.
    InUse(PathBuf),
    /// A certificate or a key cannot be used.
    Tls(Box<dyn Error + Send + Sync>),
    /// The spec of workers starts no process here, or has keys that a server cannot give effect.
    Worker(SpecError),
    /// A system call failed.
    Io(io::Error),
}

debug_as_report!(ServerBindError);

impl fmt::Display for ServerBindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoopback(address) => {
                write!(f, "{address} is not a loopback address")
            }
            Self::PublicDirectory(path) => write!(
                f,
                "{} is not private: it must belong to this user and be accessible to nobody else (chmod 700)",
                path.display()
            ),
            Self::InUse(path) => write!(f, "a server listens at {} already", path.display()),
            Self::Tls(error) => write!(f, "TLS cannot be set up: {error}"),
            Self::Worker(error) => write!(f, "the spec of the workers cannot be used: {error}"),
            Self::Io(error) => write!(f, "cannot listen: {error}"),
        }
    }
}

impl Error for ServerBindError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Tls(error) => error.source(),
            Self::Worker(error) => error.source(),
            Self::Io(error) => error.source(),
            Self::NotLoopback(_) | Self::PublicDirectory(_) | Self::InUse(_) => None,
        }
    }
}

impl From<SpecError> for ServerBindError {
    fn from(error: SpecError) -> Self {
        Self::Worker(error)
    }
}

impl From<io::Error> for ServerBindError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A server keeps the token and the certificates that it has.
#[non_exhaustive]
pub enum ServerReloadError {
    /// A certificate or a key cannot be used.
    Tls(Box<dyn Error + Send + Sync>),
    /// The server listens in another way.
    OtherKind,
}

debug_as_report!(ServerReloadError);

impl fmt::Display for ServerReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => write!(f, "TLS cannot be set up: {error}"),
            Self::OtherKind => f.write_str("the server listens in another way"),
        }
    }
}

impl Error for ServerReloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Tls(error) => error.source(),
            Self::OtherKind => None,
        }
    }
}
