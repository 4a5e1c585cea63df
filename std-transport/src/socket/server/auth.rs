//! How clients of a server authenticate.

use core::error::Error;

use super::Listen;
#[cfg(feature = "tls")]
use crate::socket::tls::ServerSide;
use crate::socket::token::Token;

#[derive(Debug)]
pub(super) enum Auth {
    /// The client's process belongs to the user of the server.
    SameUser,
    Token(Token),
    #[cfg(feature = "tls")]
    Tls(TlsAuth),
    /// Clients do not authenticate.
    None,
}

/// TLS, and the token that is checked inside the session.
#[cfg(feature = "tls")]
#[derive(Debug)]
pub(super) struct TlsAuth {
    pub(super) side: ServerSide,
    pub(super) token: Option<Token>,
}

impl Auth {
    /// Fails for a certificate or a key that cannot be used.
    pub(super) fn new(listen: &Listen) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(match listen {
            Listen::Unix(_) => Self::SameUser,
            Listen::Tcp { token, .. } => Self::Token(token.clone()),
            #[cfg(feature = "tls")]
            Listen::Tls { files, token, .. } => {
                let (side, token) = (ServerSide::new(files)?, token.clone());
                Self::Tls(TlsAuth { side, token })
            }
            Listen::InsecureStock { .. } => Self::None,
        })
    }

    pub(super) fn is_same_kind(&self, other: &Self) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other)
    }
}
