//! A connection whose client has not authenticated yet. It has no thread: everything here returns at once.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;
use std::net::Shutdown;
use std::sync::mpsc::Receiver;

use rustix::event::PollFlags;
use rustix::process::geteuid;

use super::Auth;
use super::carry::{Pipes, carry};
use crate::bootstrap::{Duplex as _, Progress};
use crate::deadline::Deadline;
use crate::socket::greeting::{Greeting, Refusal};
use crate::socket::stream::{Stream, StreamDuplex};
use crate::socket::target::Split as _;
#[cfg(feature = "tls")]
use crate::socket::tls::TlsDuplex;

/// How long a refused client may take to read why.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(1);

/// How much of what a refused client sends is read, so that it gets to read why.
const REFUSAL_BYTES: usize = 1 << 20;

/// What the bytes of a connection go through.
#[derive(Debug)]
pub(super) enum Way {
    Plain(StreamDuplex),
    #[cfg(feature = "tls")]
    Tls(Box<TlsDuplex<StreamDuplex>>),
}

impl Way {
    fn new(auth: &Auth, stream: &Arc<Stream>) -> io::Result<Self> {
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

    fn transfer(&mut self, unsent: &[u8], buffer: &mut [u8]) -> io::Result<Progress> {
        match self {
            Self::Plain(duplex) => duplex.transfer(unsent, buffer, Duration::ZERO),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.transfer(unsent, buffer, Duration::ZERO),
        }
    }

    fn binding(&self) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(duplex) => duplex.binding(),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.binding(),
        }
    }

    /// What TLS itself has to send: changes whenever that goes forward.
    fn unsent(&self) -> (usize, bool) {
        match self {
            Self::Plain(_) => (0, false),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.unsent(),
        }
    }

    /// Sends what the TLS session has to send, without waiting. Returns whether everything has been sent.
    fn flush(&mut self) -> io::Result<bool> {
        match self {
            Self::Plain(_) => Ok(true),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.flush(),
        }
    }

    /// Whether the bytes of the connection are those that a worker reads and writes.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// Carries the bytes between the client and a worker, in threads; what this returns is closed when the last that the
    /// worker said has been sent.
    pub(super) fn carry(self, peer: &str, pipes: Pipes) -> io::Result<Receiver<()>> {
        match self {
            Self::Plain(duplex) => carry(peer, duplex, pipes),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => carry(peer, *duplex, pipes),
        }
    }

    /// What is to be sent so that the peer reads this text last.
    fn farewell(self, text: &str) -> Vec<u8> {
        match self {
            Self::Plain(_) => text.into(),
            #[cfg(feature = "tls")]
            Self::Tls(duplex) => duplex.farewell(text.as_bytes()),
        }
    }
}

/// A connection that is going to have a worker, or to be refused.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) stream: Arc<Stream>,
    pub(super) peer: String,
    pub(super) auth: Arc<Auth>,
    pub(super) deadline: Deadline,
    pub(super) way: Way,
    /// None where a client need not say anything of its own.
    greeting: Option<Greeting>,
    /// For the client.
    reply: Vec<u8>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is the client's turn.
    Waiting,
    /// The client may have a worker.
    Admitted,
}

impl Candidate {
    pub(super) fn new(
        auth: Arc<Auth>,
        stream: Stream,
        peer: String,
        deadline: Deadline,
    ) -> io::Result<Self> {
        let stream = Arc::new(stream);
        let greeting = match &*auth {
            Auth::SameUser => Some(Greeting::new(None)),
            Auth::Token(token) => Some(Greeting::new(Some(token.clone()))),
            #[cfg(feature = "tls")]
            Auth::Tls(tls) => Some(Greeting::new(tls.token.clone())),
            Auth::None => None,
        };
        Ok(Self {
            way: Way::new(&auth, &stream)?,
            stream,
            peer,
            auth,
            deadline,
            greeting,
            reply: Vec::new(),
        })
    }

    /// What to wait for.
    pub(super) fn interest(&self) -> PollFlags {
        let mut interest = PollFlags::empty();
        if self.wanted() > 0 {
            interest |= PollFlags::IN;
        }
        if !self.reply.is_empty() || self.way.unsent() != (0, false) {
            interest |= PollFlags::OUT;
        }
        interest
    }

    fn wanted(&self) -> usize {
        self.greeting.as_ref().map_or(1, Greeting::wanted)
    }

    /// Reads and sends what can be read and sent now.
    pub(super) fn advance(&mut self) -> Result<Admission, Refusal> {
        let stranger = |(_, uid): (i32, u32)| uid != geteuid().as_raw();
        if matches!(*self.auth, Auth::SameUser) && self.stream.peer_process().is_some_and(stranger)
        {
            return Err(Refusal::OtherUser);
        }
        if self.greeting.is_none() {
            return self.look();
        }
        while self.wanted() > 0 || !self.reply.is_empty() {
            if !self.transfer()? {
                return Ok(Admission::Waiting);
            }
        }
        // The client can read only what has been sent, not what has merely been encrypted.
        match self.way.flush().map_err(Refusal::Io)? {
            true => Ok(Admission::Admitted),
            false => Ok(Admission::Waiting),
        }
    }

    /// Whether a client that says nothing of its own has begun to speak.
    fn look(&self) -> Result<Admission, Refusal> {
        match self.stream.peek().map_err(Refusal::Io)? {
            None => Ok(Admission::Waiting),
            Some(0) => Err(Refusal::NoGreeting),
            Some(_) => Ok(Admission::Admitted),
        }
    }

    /// One step; false if nothing could be done.
    fn transfer(&mut self) -> Result<bool, Refusal> {
        let before = self.way.unsent();
        let mut buffer = [0; 64];
        let room = buffer.get_mut(..self.wanted()).unwrap_or_default();
        let reading = !room.is_empty();
        let progress = self.way.transfer(&self.reply, room).map_err(Refusal::Io)?;
        self.reply.drain(..progress.sent.min(self.reply.len()));
        // Without room nothing was read, whatever is told.
        let received = progress.received.filter(|_| reading);
        if received == Some(0) {
            return Err(Refusal::NoGreeting);
        }
        if let (Some(size), Some(greeting)) = (received, &mut self.greeting) {
            let bytes = buffer.get(..size).unwrap_or_default();
            let reply = greeting.take(bytes, || self.way.binding())?;
            self.reply.extend(reply);
        }
        Ok(progress.sent > 0 || received.is_some() || self.way.unsent() != before)
    }

    /// Ends the connection, and tells the client why.
    pub(super) fn refuse(self, refusal: &Refusal) -> Refused {
        Refused {
            stream: self.stream,
            unsent: self.way.farewell(&format!("execnet: refused: {refusal}\n")),
            deadline: Deadline::after(REFUSAL_PATIENCE),
            drained: 0,
            told: false,
        }
    }
}

/// A connection that is being closed: the client may read why for a moment.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) stream: Arc<Stream>,
    unsent: Vec<u8>,
    pub(super) deadline: Deadline,
    drained: usize,
    /// Whether everything was sent.
    told: bool,
}

impl Refused {
    pub(super) fn interest(&self) -> PollFlags {
        if self.told {
            PollFlags::IN
        } else {
            PollFlags::IN | PollFlags::OUT
        }
    }

    /// Sends what can be sent within this time, and reads what would otherwise take the text away from the client: a
    /// connection that is closed with input unread is reset. True once it can be dropped.
    pub(super) fn advance(&mut self, timeout: Duration) -> bool {
        let mut buffer = [0; 4096];
        while self.drained < REFUSAL_BYTES {
            let Ok(progress) = self.stream.transfer(&self.unsent, &mut buffer, timeout) else {
                return true;
            };
            self.unsent.drain(..progress.sent.min(self.unsent.len()));
            if self.unsent.is_empty() && !self.told {
                self.told = true;
                self.stream.shutdown(Shutdown::Write);
            }
            match progress.received {
                Some(0) => return true,
                Some(size) => self.drained = self.drained.saturating_add(size),
                None if progress.sent == 0 => return false,
                None => {}
            }
        }
        true
    }

    /// Does all of it, in a thread that has the time.
    pub(super) fn finish(mut self) {
        while !self.deadline.left().is_zero() {
            if self.advance(self.deadline.left()) {
                return;
            }
        }
    }
}

#[cfg(all(test, feature = "tls"))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::socket::tls::client_without_certificate;

    /// The client knows what it has to, and does not read.
    #[test]
    fn a_candidate_is_admitted_when_what_it_is_told_is_sent() {
        let (server, mut client) = UnixStream::pair().unwrap();
        server.set_nonblocking(true).unwrap();
        let mut filled = 0;
        while let Ok(size) = (&server).write(&[0; 4096]) {
            filled += size;
        }
        let auth = Arc::new(Auth::None);
        let stream = Stream::Unix(server);
        let mut candidate = Candidate::new(auth, stream, "it".into(), Deadline::NEVER).unwrap();
        let mut greeting = Greeting::new(None);
        greeting
            .take(b"EXECNET\x02\x00", || Ok(Vec::new()))
            .unwrap();
        candidate.greeting = Some(greeting);
        // A session that has something to send.
        let duplex = StreamDuplex(Arc::clone(&candidate.stream));
        candidate.way = Way::Tls(Box::new(TlsDuplex::new(
            duplex,
            client_without_certificate(),
        )));
        assert_eq!(candidate.advance().unwrap(), Admission::Waiting);
        assert!(candidate.interest().contains(PollFlags::OUT));
        client.read_exact(&mut vec![0; filled]).unwrap();
        assert_eq!(candidate.advance().unwrap(), Admission::Admitted);
        // A record of a handshake.
        let mut first = [0];
        client.read_exact(&mut first).unwrap();
        assert_eq!(first, [22]);
    }
}
