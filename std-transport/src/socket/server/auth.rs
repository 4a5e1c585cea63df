//! How clients of a server authenticate.

use super::{Listen, ServerError};
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
    pub(super) fn new(listen: &Listen) -> Result<Self, ServerError> {
        Ok(match listen {
            Listen::Unix(_) => Self::SameUser,
            Listen::Tcp { token, .. } => Self::Token(token.clone()),
            #[cfg(feature = "tls")]
            Listen::Tls { files, token, .. } => {
                let side = ServerSide::new(files);
                let side = side.map_err(|error| ServerError::Tls(Box::new(error)))?;
                let token = token.clone();
                Self::Tls(TlsAuth { side, token })
            }
            Listen::InsecureStock { .. } => Self::None,
        })
    }

    pub(super) fn is_same_kind(&self, other: &Self) -> bool {
        core::mem::discriminant(self) == core::mem::discriminant(other)
    }
}
