//! Proof that an end of a connection knows the token. The token itself is never sent.

use std::io;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::socket::token::Token;

/// Random bytes that each end contributes, so that no proof is valid twice.
pub(crate) type Challenge = [u8; 32];

/// A message authentication code under the token.
pub(crate) type Proof = [u8; 32];

/// The end that proves. A proof of one end is not valid for the other: nobody can send a proof back to its author.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prover {
    Client,
    Server,
}

/// What a proof is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange<'a> {
    pub(crate) server: &'a Challenge,
    pub(crate) client: &'a Challenge,
    /// Identifies the TLS session that all this happens in; empty without one. An end in the middle of two sessions
    /// cannot pass proofs on.
    pub(crate) binding: &'a [u8],
}

/// New random bytes.
pub(crate) fn challenge() -> io::Result<Challenge> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    Ok(random)
}

impl Token {
    pub(crate) fn prove(&self, prover: Prover, exchange: Exchange<'_>) -> io::Result<Proof> {
        Ok(self.code(prover, exchange)?.finalize().into_bytes().into())
    }

    /// Compares in a time that does not depend on where the proofs differ.
    pub(crate) fn verify(
        &self,
        prover: Prover,
        exchange: Exchange<'_>,
        proof: &Proof,
    ) -> io::Result<bool> {
        Ok(self.code(prover, exchange)?.verify(proof.into()).is_ok())
    }

    fn code(&self, prover: Prover, exchange: Exchange<'_>) -> io::Result<Hmac<Sha256>> {
        // Keys of every length are valid; the type of the error is that of all such functions.
        let mut code = Hmac::<Sha256>::new_from_slice(self.as_bytes()).map_err(io::Error::other)?;
        // All parts but the last have a fixed length: different exchanges are different texts.
        code.update(match prover {
            Prover::Client => b"execnet token 2 client\0",
            Prover::Server => b"execnet token 2 server\0",
        });
        code.update(exchange.server);
        code.update(exchange.client);
        code.update(exchange.binding);
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_valid_for_one_token_one_end_and_one_exchange() {
        let (token, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        let (server, client) = (challenge().unwrap(), challenge().unwrap());
        let exchange = Exchange {
            server: &server,
            client: &client,
            binding: b"",
        };
        let proof = token.prove(Prover::Client, exchange).unwrap();
        let valid = |token: &Token, prover, exchange| token.verify(prover, exchange, &proof);
        assert!(valid(&token, Prover::Client, exchange).unwrap());
        assert!(!valid(&other, Prover::Client, exchange).unwrap());
        assert!(!valid(&token, Prover::Server, exchange).unwrap());
        let fresh = challenge().unwrap();
        for changed in [
            Exchange {
                server: &fresh,
                ..exchange
            },
            Exchange {
                client: &fresh,
                ..exchange
            },
            Exchange {
                binding: b"session",
                ..exchange
            },
        ] {
            assert!(!valid(&token, Prover::Client, changed).unwrap());
        }
    }

    /// As written down in docs/protocol.md: HMAC-SHA256 of Python's `hmac` gives the same.
    #[test]
    fn a_proof_is_what_the_protocol_says() {
        let token = Token::new(*b"0123456789abcdef").unwrap();
        let exchange = Exchange {
            server: &[1; 32],
            client: &[2; 32],
            binding: b"",
        };
        let hex = |proof: Proof| proof.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(
            hex(token.prove(Prover::Client, exchange).unwrap()),
            "2f44c82a37ad28cac014f8a1f44456c6a423d8752e57f283dbd16d5ebd77b022"
        );
        assert_eq!(
            hex(token.prove(Prover::Server, exchange).unwrap()),
            "c87f3d340c9cb530339efe762f64c7dded1b53f4608795a29034bd8982226ad3"
        );
    }
}
