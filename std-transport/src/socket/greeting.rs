//! What a client says before anything else, and how a server reads it: without taking a byte of what follows.

use core::fmt;
use std::io;

use crate::bootstrap::Wire;
use crate::deadline::Deadline;
use crate::socket::token::Token;

/// Ours, version 1.
const MAGIC: [u8; 8] = *b"EXECNET\x01";

/// What a client sends first; `token` where it has one.
pub(crate) fn greeting(token: Option<&Token>) -> Vec<u8> {
    let token = token.map(Token::as_bytes).unwrap_or_default();
    // Tokens are far shorter than that.
    let length = u16::try_from(token.len()).unwrap_or(0);
    [&MAGIC, &length.to_be_bytes()[..], token].concat()
}

/// Why a connection was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// As many are served as may be.
    TooMany,
    /// The client runs for another user.
    OtherUser,
    /// It did not say in time what it has to say.
    Late,
    /// It said something else.
    NoGreeting,
    /// It has no token, or a wrong one.
    Token,
    /// Its connection broke.
    Io(io::Error),
    /// There is nothing wrong with it, but no worker could be started.
    Worker(io::Error),
}

/// For the client, and for whoever watches the server.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => f.write_str("too many connections"),
            Self::OtherUser => f.write_str("another user"),
            Self::Late => f.write_str("no greeting in time"),
            Self::NoGreeting => f.write_str("not a greeting of execnet's"),
            Self::Token => f.write_str("no token, or a wrong one"),
            Self::Io(error) => write!(f, "the connection broke: {error}"),
            Self::Worker(error) => write!(f, "no worker could be started: {error}"),
        }
    }
}

/// Reads a client's greeting and checks its token, if there is one to check.
pub(crate) fn check(
    wire: &mut impl Wire,
    token: Option<&Token>,
    deadline: Deadline,
) -> Result<(), Refusal> {
    let mut head = [0; MAGIC.len() + 2];
    read_exact(wire, &mut head, deadline)?;
    let [magic @ .., high, low] = head;
    if magic != MAGIC {
        return Err(Refusal::NoGreeting);
    }
    let mut shown = vec![0; usize::from(u16::from_be_bytes([high, low]))];
    read_exact(wire, &mut shown, deadline)?;
    match token {
        Some(token) if !token.matches(&shown) => Err(Refusal::Token),
        _ => Ok(()),
    }
}

fn read_exact(
    wire: &mut impl Wire,
    mut buffer: &mut [u8],
    deadline: Deadline,
) -> Result<(), Refusal> {
    while !buffer.is_empty() {
        let left = deadline.left();
        if left.is_zero() {
            return Err(Refusal::Late);
        }
        match wire.turn(&[], buffer, left).map_err(Refusal::Io)?.received {
            None => {}
            Some(0) => return Err(Refusal::NoGreeting),
            Some(size) => buffer = buffer.get_mut(size..).unwrap_or_default(),
        }
    }
    Ok(())
}
