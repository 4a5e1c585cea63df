//! The bytes of a client's connection, plain or encrypted.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::sync::mpsc::{Receiver, Sender};

use super::attach::End;
use super::auth::Auth;
use super::forward::{Pipes, forward};
use crate::bootstrap::{Duplex as _, Progress};
use crate::socket::stream::{Stream, StreamDuplex};
use crate::socket::target::Split as _;
#[cfg(feature = "tls")]
use crate::socket::tls::TlsDuplex;

/// A connection to a client that never blocks.
#[derive(Debug)]
pub(super) enum ClientDuplex {
    Plain(StreamDuplex),
    #[cfg(feature = "tls")]
    Tls(Box<TlsDuplex<StreamDuplex>>),
}

impl ClientDuplex {
    pub(super) fn new(auth: &Auth, stream: &Arc<Stream>) -> io::Result<Self> {
        let duplex = StreamDuplex(Arc::clone(stream));
        #[cfg(feature = "tls")]
        if let Auth::Tls(tls) = auth {
            let session = tls.side.session().map_err(io::Error::other)?;
            return Ok(Self::Tls(Box::new(TlsDuplex::new(duplex, session))));
        }
        #[cfg(not(feature = "tls"))]
        let _ = auth;
        Ok(Self::Plain(duplex))
    }

    pub(super) fn transfer(&mut self, unsent: &[u8], buffer: &mut [u8]) -> io::Result<Progress> {
        match self {
            Self::Plain(duplex) => duplex.transfer(unsent, buffer, Duration::ZERO),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.transfer(unsent, buffer, Duration::ZERO),
        }
    }

    pub(super) fn binding(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(duplex) => duplex.binding(),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.binding(),
        }
    }

    /// What the TLS session has to send. It changes with each step of the TLS handshake, which may neither take nor
    /// give a byte of the client's own.
    pub(super) fn unsent(&self) -> (usize, bool) {
        match self {
            Self::Plain(_) => (0, false),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.unsent(),
        }
    }

    /// Sends what the TLS session has to send, without waiting. Returns whether everything has been sent.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        match self {
            Self::Plain(_) => Ok(true),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.flush(),
        }
    }

    /// Whether a worker can use the connection itself.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Forwards bytes between the client and a worker, see [`forward`].
    pub(super) fn forward(
        self,
        peer: &str,
        pipes: Pipes,
        ends: Sender<End>,
    ) -> io::Result<Receiver<()>> {
        match self {
            Self::Plain(duplex) => forward(peer, duplex, pipes, ends),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => forward(peer, *duplex, pipes, ends),
        }
    }

    /// The bytes to send so that the client reads `text` before the connection ends.
    pub(super) fn closing_bytes(self, text: &str) -> Vec<u8> {
        match self {
            Self::Plain(_) => text.into(),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.closing_bytes(text.as_bytes()),
        }
    }
}
