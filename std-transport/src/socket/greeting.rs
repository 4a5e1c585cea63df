//! The greeting: the first messages on a connection. Neither end reads a byte beyond them.
//!
//! The client says whether it has a token; without one it continues at once. With a token, the server sends a
//! challenge, the client proves that it knows the token, and then the server proves it. The client comes first so that
//! a client without the token gets no proof, on which it could test guesses. A server without the token gets only a
//! proof that is valid for its own challenge.

use core::fmt;
use std::io;

use crate::bootstrap::{Duplex, HandshakeError};
use crate::deadline::Deadline;
use crate::socket::proof::{Challenge, Exchange, Proof, Prover, challenge};
use crate::socket::target::Split;
use crate::socket::token::Token;

/// The start of every message, except of a server's refusal: a name and the version 2.
const MAGIC: [u8; 8] = *b"EXECNET\x02";

/// The byte after the magic in a client's first message.
const NO_TOKEN: u8 = 0;
const WITH_TOKEN: u8 = 1;

/// The lengths of a client's two messages.
const HELLO: usize = 9;
const ANSWER: usize = 64;

/// The length of a server's messages.
const REPLY: usize = 40;

/// Maximum number of bytes that are read from a server that does not send a greeting.
const MAX_PREAMBLE: usize = 64 * 1024;

/// Why a connection was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The limit of served connections is reached.
    TooMany,
    /// The limit of unauthenticated connections is reached, and this one had to make room for a new one.
    Displaced,
    /// The client belongs to another user.
    OtherUser,
    /// The greeting was not complete in time.
    Late,
    /// The client sent something else.
    NoGreeting,
    /// The client has no token, or a wrong one.
    Token,
    /// The client has a token and requires a proof of it, but this server has none.
    NoToken,
    /// The connection failed.
    Io(io::Error),
    /// The client has authenticated, but its worker could not be started.
    Worker(io::Error),
}

/// The text for the client, and for the events of the server.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => f.write_str("too many connections"),
            Self::Displaced => f.write_str("too many connections that have not authenticated"),
            Self::OtherUser => f.write_str("another user"),
            Self::Late => f.write_str("no greeting in time"),
            Self::NoGreeting => f.write_str("not a greeting of execnet's"),
            Self::Token => f.write_str("no token, or a wrong one"),
            Self::NoToken => f.write_str("this server has no token, which the client asks for"),
            Self::Io(error) => write!(f, "the connection broke: {error}"),
            Self::Worker(error) => write!(f, "no worker could be started: {error}"),
        }
    }
}

/// A server's side of the greeting, without I/O.
#[derive(Debug)]
pub(crate) struct Greeting {
    token: Option<Token>,
    step: Step,
    /// The received part of the current message.
    read: Vec<u8>,
}

#[derive(Debug)]
enum Step {
    Hello,
    Answer(Challenge),
    Done,
}

impl Greeting {
    /// With a token, clients must prove that they know it.
    pub(crate) fn new(token: Option<Token>) -> Self {
        Self {
            token,
            step: Step::Hello,
            read: Vec::new(),
        }
    }

    /// Number of bytes that the current message still needs: 0 once the client is admitted.
    pub(crate) fn wanted(&self) -> usize {
        let whole = match self.step {
            Step::Hello => HELLO,
            Step::Answer(_) => ANSWER,
            Step::Done => return 0,
        };
        whole.saturating_sub(self.read.len())
    }

    /// Takes bytes, at most as many as are [wanted](Self::wanted); returns what to send. `binding` is called only once
    /// the client has sent its proof: before the TLS handshake is complete it would fail.
    pub(crate) fn take(
        &mut self,
        bytes: &[u8],
        binding: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, Refusal> {
        self.read.extend_from_slice(bytes);
        if self.wanted() > 0 {
            return Ok(Vec::new());
        }
        let message = core::mem::take(&mut self.read);
        match self.step {
            Step::Hello => self.hello(&message),
            Step::Answer(server) => self.answer(&server, &message, binding),
            Step::Done => Ok(Vec::new()),
        }
    }

    fn hello(&mut self, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let kind = message.strip_prefix(&MAGIC).ok_or(Refusal::NoGreeting)?;
        match (kind, &self.token) {
            (&[NO_TOKEN], None) => {
                self.step = Step::Done;
                Ok(Vec::new())
            }
            (&[WITH_TOKEN], Some(_)) => {
                let server = challenge().map_err(Refusal::Io)?;
                self.step = Step::Answer(server);
                Ok(reply(&server))
            }
            (&[NO_TOKEN], Some(_)) => Err(Refusal::Token),
            (&[WITH_TOKEN], None) => Err(Refusal::NoToken),
            _ => Err(Refusal::NoGreeting),
        }
    }

    fn answer(
        &mut self,
        server: &Challenge,
        message: &[u8],
        binding: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> Result<Vec<u8>, Refusal> {
        let token = self.token.as_ref().ok_or(Refusal::NoToken)?;
        let parts = message.split_first_chunk::<32>();
        let (client, proof) = parts.ok_or(Refusal::NoGreeting)?;
        let proof: &Proof = proof.try_into().map_err(|_| Refusal::NoGreeting)?;
        let exchange = Exchange {
            server,
            client,
            binding: &binding().map_err(Refusal::Io)?,
        };
        let valid = token.verify(Prover::Client, exchange, proof);
        if !valid.map_err(Refusal::Io)? {
            return Err(Refusal::Token);
        }
        let proof = token.prove(Prover::Server, exchange);
        self.step = Step::Done;
        Ok(reply(&proof.map_err(Refusal::Io)?))
    }
}

fn reply(bytes: &[u8; 32]) -> Vec<u8> {
    [&MAGIC[..], bytes].concat()
}

/// The only message of a client without a token.
pub(crate) fn hello() -> Vec<u8> {
    [&MAGIC[..], &[NO_TOKEN]].concat()
}

/// The client or the server has rejected the other.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) failure: HandshakeError,
    /// What the server sent instead.
    pub(crate) preamble: Vec<u8>,
}

impl From<HandshakeError> for Rejected {
    fn from(failure: HandshakeError) -> Self {
        let preamble = Vec::new();
        Self { failure, preamble }
    }
}

/// The client's side with a token: proves that it knows the token, and verifies the server's proof.
pub(crate) fn authenticate(
    duplex: &mut impl Split,
    token: &Token,
    deadline: Deadline,
) -> Result<(), Rejected> {
    let failed = |error| Rejected::from(HandshakeError::Io(error));
    let hello = [&MAGIC[..], &[WITH_TOKEN]].concat();
    let server = exchange_message(duplex, &hello, deadline)?;
    let client = challenge().map_err(failed)?;
    let exchange = Exchange {
        server: &server,
        client: &client,
        binding: &duplex.binding().map_err(failed)?,
    };
    let proof = token.prove(Prover::Client, exchange).map_err(failed)?;
    let proof = exchange_message(duplex, &[client, proof].concat(), deadline)?;
    if token
        .verify(Prover::Server, exchange, &proof)
        .map_err(failed)?
    {
        Ok(())
    } else {
        Err(HandshakeError::Impostor.into())
    }
}

/// Sends a message and reads the reply to it.
fn exchange_message(
    duplex: &mut dyn Duplex,
    message: &[u8],
    deadline: Deadline,
) -> Result<[u8; 32], Rejected> {
    let mut unsent = message;
    let mut reply = Vec::new();
    while reply.len() < REPLY {
        let mut buffer = [0; REPLY];
        // Exactly the reply: the next byte may belong to the worker, and there is no way to give it back.
        let missing = REPLY.saturating_sub(reply.len());
        let room = buffer.get_mut(..missing).unwrap_or_default();
        let size = read(duplex, &mut unsent, room, deadline)?;
        reply.extend_from_slice(buffer.get(..size).unwrap_or_default());
        // After each piece and not at the end: a server of another kind may send less than a reply, and then wait for
        // its client.
        let known = reply.len().min(MAGIC.len());
        if size == 0 || reply.get(..known) != MAGIC.get(..known) {
            return Err(read_refusal(duplex, reply, deadline));
        }
    }
    let bytes = reply.last_chunk::<32>().copied();
    bytes.ok_or_else(|| HandshakeError::End.into())
}

/// Reads some bytes; 0 at the end of the input.
fn read(
    duplex: &mut dyn Duplex,
    unsent: &mut &[u8],
    buffer: &mut [u8],
    deadline: Deadline,
) -> Result<usize, HandshakeError> {
    loop {
        let left = deadline.left();
        if left.is_zero() {
            return Err(HandshakeError::Deadline(deadline.timeout()));
        }
        let progress = duplex
            .transfer(unsent, buffer, left)
            .map_err(HandshakeError::Io)?;
        *unsent = unsent.get(progress.sent..).unwrap_or_default();
        if let Some(size) = progress.received {
            return Ok(size);
        }
    }
}

/// Reads the rest of a reply that is not a greeting: the text of a refusal.
fn read_refusal(duplex: &mut dyn Duplex, mut preamble: Vec<u8>, deadline: Deadline) -> Rejected {
    let mut buffer = [0; 4096];
    let failure = loop {
        match read(duplex, &mut &[][..], &mut buffer, deadline) {
            Ok(0) => break HandshakeError::End,
            Ok(size) => preamble.extend_from_slice(buffer.get(..size).unwrap_or_default()),
            Err(failure) => break failure,
        }
        if preamble.len() > MAX_PREAMBLE {
            break HandshakeError::Answer(crate::handshake::BadAnswer::TooMuchOutput);
        }
    };
    Rejected { failure, preamble }
}
