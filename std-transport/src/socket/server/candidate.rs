//! A connection whose client has not authenticated yet. It has no thread, and nothing here blocks: one thread serves
//! all candidates, and a silent client must not delay the others.

use alloc::sync::Arc;
use std::io;

use rustix::event::PollFlags;

use super::auth::Auth;
use super::client_duplex::ClientDuplex;
use super::refused::Refused;
use crate::deadline::Deadline;
use crate::socket::greeting::{Greeting, Refusal};
use crate::socket::stream::Stream;
use crate::sys::is_own_user;

/// A connection that will be admitted or refused.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) stream: Arc<Stream>,
    pub(super) peer: String,
    pub(super) auth: Arc<Auth>,
    pub(super) deadline: Deadline,
    pub(super) duplex: ClientDuplex,
    /// `None` if the protocol has no greeting: stock clients begin with their program.
    greeting: Option<Greeting>,
    /// Bytes of the greeting that have not been sent yet.
    reply: Vec<u8>,
}

/// The state of a candidate that has not been refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// Input, or room for output, is needed.
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
            duplex: ClientDuplex::new(&auth, &stream)?,
            stream,
            peer,
            auth,
            deadline,
            greeting,
            reply: Vec::new(),
        })
    }

    /// The events after which [`advance`](Self::advance) can do something.
    pub(super) fn interest(&self) -> PollFlags {
        let mut interest = PollFlags::empty();
        if self.wanted() > 0 {
            interest |= PollFlags::IN;
        }
        if !self.reply.is_empty() || self.duplex.unsent() != (0, false) {
            interest |= PollFlags::OUT;
        }
        interest
    }

    fn wanted(&self) -> usize {
        self.greeting.as_ref().map_or(1, Greeting::wanted)
    }

    /// Reads and sends what can be read and sent now.
    pub(super) fn advance(&mut self) -> Result<Admission, Refusal> {
        // Here and not in `new`, so that the client gets the reason.
        let is_other = |(_, uid): (i32, u32)| !is_own_user(uid);
        if matches!(*self.auth, Auth::SameUser) && self.stream.peer_process().is_some_and(is_other)
        {
            return Err(Refusal::OtherUser);
        }
        if self.greeting.is_none() {
            return self.admit_sender();
        }
        while self.wanted() > 0 || !self.reply.is_empty() {
            if !self.transfer()? {
                return Ok(Admission::Waiting);
            }
        }
        // Bytes that are encrypted and not sent would leave only with the worker's first output. The client may wait
        // for them before it sends anything.
        match self.duplex.flush().map_err(Refusal::Io)? {
            true => Ok(Admission::Admitted),
            false => Ok(Admission::Waiting),
        }
    }

    /// Admits a client without a greeting once it has sent something, so that a connection that stays silent starts no
    /// process. The bytes stay in the socket, for the worker.
    fn admit_sender(&self) -> Result<Admission, Refusal> {
        match self.stream.peek().map_err(Refusal::Io)? {
            None => Ok(Admission::Waiting),
            Some(0) => Err(Refusal::NoGreeting),
            Some(_) => Ok(Admission::Admitted),
        }
    }

    /// Makes one step. Returns false if nothing could be done.
    fn transfer(&mut self) -> Result<bool, Refusal> {
        let before = self.duplex.unsent();
        let mut buffer = [0; 64];
        // No more than the greeting: the bytes after it stay in the socket, which the worker reads itself.
        let room = buffer.get_mut(..self.wanted()).unwrap_or_default();
        let reading = !room.is_empty();
        let progress = self
            .duplex
            .transfer(&self.reply, room)
            .map_err(Refusal::Io)?;
        self.reply.drain(..progress.sent.min(self.reply.len()));
        // An empty buffer reads 0 bytes, which is not the end of the input.
        let received = progress.received.filter(|_| reading);
        if received == Some(0) {
            return Err(Refusal::NoGreeting);
        }
        if let (Some(size), Some(greeting)) = (received, &mut self.greeting) {
            let bytes = buffer.get(..size).unwrap_or_default();
            let reply = greeting.take(bytes, || self.duplex.binding())?;
            self.reply.extend(reply);
        }
        Ok(progress.sent > 0 || received.is_some() || self.duplex.unsent() != before)
    }

    /// Ends the connection with the reason as its last bytes.
    pub(super) fn refuse(self, refusal: &Refusal) -> Refused {
        let text = format!("execnet: refused: {refusal}\n");
        Refused::new(self.stream, self.duplex.closing_bytes(&text))
    }
}

#[cfg(all(test, unix, feature = "tls"))]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    use super::*;
    use crate::socket::stream::StreamDuplex;
    use crate::socket::tls::{TlsDuplex, client_without_certificate};

    /// The client has authenticated, and does not read.
    #[test]
    fn a_candidate_is_admitted_only_when_its_reply_is_sent() {
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
        candidate.duplex = ClientDuplex::Tls(Box::new(TlsDuplex::new(
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
