//! What the two ends of a connection say before anything else. Neither reads a byte of what follows.
//!
//! The client says who it is going to be, and without a token goes on at once. With a token the server answers with a
//! challenge, the client proves that it knows the token, and then the server does: a client that cannot prove it gets
//! nothing from the server to try guesses on, and a server that cannot gets nothing but a proof it cannot use elsewhere.

use core::fmt;
use std::io;

use crate::bootstrap::{Duplex, HandshakeError};
use crate::deadline::Deadline;
use crate::socket::proof::{Challenge, Exchange, Proof, Prover, challenge};
use crate::socket::target::Split;
use crate::socket::token::Token;

/// Ours, version 2. Everything that a server says begins with it, unless it is a refusal.
const MAGIC: [u8; 8] = *b"EXECNET\x02";

/// Behind the magic of a client: it has no token, or it has one.
const NO_TOKEN: u8 = 0;
const WITH_TOKEN: u8 = 1;

/// The length of a client's first message, and of its second.
const HELLO: usize = 9;
const ANSWER: usize = 64;

/// The length of what a server says.
const REPLY: usize = 40;

/// Maximum number of bytes that are read from a server that says something else.
const MAX_PREAMBLE: usize = 64 * 1024;

/// Why a connection was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// As many connections are served as may be.
    TooMany,
    /// As many connections wait for their client to authenticate as may, and this one had to make room.
    Displaced,
    /// The client runs for another user.
    OtherUser,
    /// It did not say in time what it has to say.
    Late,
    /// It said something else.
    NoGreeting,
    /// It has no token, or a wrong one.
    Token,
    /// It has a token and expects the same of the server, which has none.
    NoToken,
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

/// A server's side of the greeting, without any input and output.
#[derive(Debug)]
pub(crate) struct Greeting {
    token: Option<Token>,
    step: Step,
    /// What has come of the message that is being read.
    read: Vec<u8>,
}

#[derive(Debug)]
enum Step {
    Hello,
    Answer(Challenge),
    Done,
}

impl Greeting {
    /// With a token, clients have to prove that they know it.
    pub(crate) fn new(token: Option<Token>) -> Self {
        Self {
            token,
            step: Step::Hello,
            read: Vec::new(),
        }
    }

    /// How many more bytes to read: zero once the client may have a worker.
    pub(crate) fn wanted(&self) -> usize {
        let whole = match self.step {
            Step::Hello => HELLO,
            Step::Answer(_) => ANSWER,
            Step::Done => return 0,
        };
        whole.saturating_sub(self.read.len())
    }

    /// Takes bytes, no more than are [wanted](Self::wanted); returns what to send. `binding` is asked for once the
    /// client has begun to speak.
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

/// What a client without a token says.
pub(crate) fn hello() -> Vec<u8> {
    [&MAGIC[..], &[NO_TOKEN]].concat()
}

/// Why a client does not trust the server, or the other way round.
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

/// Says who we are, proves that we know the token, and has the server do the same.
pub(crate) fn authenticate(
    duplex: &mut impl Split,
    token: &Token,
    deadline: Deadline,
) -> Result<(), Rejected> {
    let failed = |error| Rejected::from(HandshakeError::Io(error));
    let hello = [&MAGIC[..], &[WITH_TOKEN]].concat();
    let server = ask(duplex, &hello, deadline)?;
    let client = challenge().map_err(failed)?;
    let exchange = Exchange {
        server: &server,
        client: &client,
        binding: &duplex.binding().map_err(failed)?,
    };
    let proof = token.prove(Prover::Client, exchange).map_err(failed)?;
    let proof = ask(duplex, &[client, proof].concat(), deadline)?;
    if token
        .verify(Prover::Server, exchange, &proof)
        .map_err(failed)?
    {
        Ok(())
    } else {
        Err(HandshakeError::Impostor.into())
    }
}

/// Sends a message, and reads the reply to it.
fn ask(duplex: &mut dyn Duplex, message: &[u8], deadline: Deadline) -> Result<[u8; 32], Rejected> {
    let mut unsent = message;
    let mut reply = Vec::new();
    while reply.len() < REPLY {
        let mut buffer = [0; REPLY];
        let missing = REPLY.saturating_sub(reply.len());
        let room = buffer.get_mut(..missing).unwrap_or_default();
        let size = read(duplex, &mut unsent, room, deadline)?;
        reply.extend_from_slice(buffer.get(..size).unwrap_or_default());
        let known = reply.len().min(MAGIC.len());
        if size == 0 || reply.get(..known) != MAGIC.get(..known) {
            return Err(listen(duplex, reply, deadline));
        }
    }
    let bytes = reply.last_chunk::<32>().copied();
    bytes.ok_or_else(|| HandshakeError::End.into())
}

/// Reads some of what comes: nothing at the end.
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

/// Reads the rest of a reply that is not one of ours: it says why.
fn listen(duplex: &mut dyn Duplex, mut preamble: Vec<u8>, deadline: Deadline) -> Rejected {
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
