//! All connections whose clients have not authenticated yet, and the one thread that attends to them.
//!
//! Their number has a limit of its own, as OpenSSH's `MaxStartups`: those that show nothing take no place of a client
//! that can authenticate. Beyond the limit one that has been refused already makes room for a new connection, or else one
//! chosen at random: clients who authenticate at once are there for a moment only, and rarely chosen.

use alloc::sync::Arc;
use core::time::Duration;
use std::io::{self, PipeReader};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::candidate::{Admission, Candidate, Refused};
use super::listen::Listener;
use super::refusals::Refusals;
use super::{Shared, run};
use crate::deadline::Deadline;
use crate::socket::greeting::Refusal;
use crate::socket::stream::Stream;
use crate::wait::timespec;

/// How long a server that has no descriptor or memory left for a connection waits before it tries again.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Number of connections that are accepted before the others have their turn.
const BATCH: usize = 64;

/// The connections, and the reports about refused ones.
pub(super) struct Pending<'a> {
    shared: &'a Arc<Shared>,
    entries: Vec<Entry>,
    refusals: Refusals<'a>,
    /// Until then nothing is accepted.
    rest: Option<Deadline>,
}

enum Entry {
    Candidate(Candidate),
    Refused(Refused),
}

impl Entry {
    fn stream(&self) -> &Stream {
        match self {
            Self::Candidate(candidate) => &candidate.stream,
            Self::Refused(refused) => &refused.stream,
        }
    }

    fn poll_fd(&self) -> PollFd<'_> {
        let interest = match self {
            Self::Candidate(candidate) => candidate.interest(),
            Self::Refused(refused) => refused.interest(),
        };
        PollFd::new(self.stream(), interest)
    }

    fn deadline(&self) -> Deadline {
        match self {
            Self::Candidate(candidate) => candidate.deadline,
            Self::Refused(refused) => refused.deadline,
        }
    }
}

/// What a wait was ended by.
struct Ready {
    stopped: bool,
    listener: bool,
    /// One for each entry.
    entries: Vec<bool>,
}

impl<'a> Pending<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>) -> Self {
        Self {
            shared,
            entries: Vec::new(),
            refusals: Refusals::new(shared),
            rest: None,
        }
    }

    /// Accepts connections and hears their clients, until the server is stopped.
    pub(super) fn run(&mut self, listener: &Listener, stopped: &PipeReader) -> io::Result<()> {
        loop {
            let ready = self.wait(listener, stopped)?;
            if ready.stopped {
                return Ok(());
            }
            self.advance(&ready.entries);
            if ready.listener {
                self.accept(listener);
            }
            self.refusals.summarize();
        }
    }

    fn wait(&mut self, listener: &Listener, stopped: &PipeReader) -> io::Result<Ready> {
        if self.rest.is_some_and(|rest| rest.left().is_zero()) {
            self.rest = None;
        }
        let accepting = if self.rest.is_none() {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        let mut ends = vec![
            PollFd::new(stopped, PollFlags::IN),
            PollFd::new(listener, accepting),
        ];
        ends.extend(self.entries.iter().map(Entry::poll_fd));
        let entries = self.entries.iter().map(Entry::deadline);
        let deadlines = entries.chain(self.rest).chain(self.refusals.deadline());
        let timeout = deadlines.map(Deadline::left).min();
        match poll(&mut ends, timeout.map(timespec).as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = ends.iter().map(|end| !end.revents().is_empty());
        Ok(Ready {
            stopped: ready.next() == Some(true),
            listener: ready.next() == Some(true) && self.rest.is_none(),
            entries: ready.collect(),
        })
    }

    /// Attends to the entries that something has come for, or whose time is over.
    fn advance(&mut self, ready: &[bool]) {
        for (entry, &ready) in core::mem::take(&mut self.entries).into_iter().zip(ready) {
            let late = entry.deadline().left().is_zero();
            if !ready && !late {
                self.entries.push(entry);
                continue;
            }
            match entry {
                Entry::Candidate(candidate) => self.hear(candidate, late),
                Entry::Refused(mut refused) => {
                    if !refused.advance(Duration::ZERO) && !late {
                        self.entries.push(Entry::Refused(refused));
                    }
                }
            }
        }
    }

    fn hear(&mut self, mut candidate: Candidate, late: bool) {
        match candidate.advance() {
            Ok(Admission::Admitted) => {
                if let Err(candidate) = run::take(self.shared, candidate) {
                    self.refuse(*candidate, &Refusal::TooMany);
                }
            }
            Ok(Admission::Waiting) if late => self.refuse(candidate, &Refusal::Late),
            Ok(Admission::Waiting) => self.entries.push(Entry::Candidate(candidate)),
            Err(refusal) => self.refuse(candidate, &refusal),
        }
    }

    fn refuse(&mut self, candidate: Candidate, refusal: &Refusal) {
        self.refusals.add(&candidate.peer, refusal);
        let mut refused = candidate.refuse(refusal);
        if !refused.advance(Duration::ZERO) {
            self.entries.push(Entry::Refused(refused));
        }
    }

    fn accept(&mut self, listener: &Listener) {
        for _ in 0..BATCH {
            match listener.accept() {
                Ok((stream, peer)) => self.add(stream, peer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_exhaustion(&error) => {
                    // The connection stays in the queue of the system.
                    self.displace();
                    self.rest = Some(Deadline::after(EXHAUSTED));
                    return;
                }
                // That client is gone already, or it was an interruption.
                Err(_) => {}
            }
        }
    }

    fn add(&mut self, stream: Stream, peer: String) {
        if self.entries.len() >= self.shared.options.max_unauthenticated.max(1) {
            self.displace();
        }
        let auth = self.shared.auth();
        let deadline = Deadline::after(self.shared.options.handshake_timeout);
        match Candidate::new(auth, stream, peer.clone(), deadline) {
            Ok(candidate) => self.hear(candidate, false),
            Err(error) => self.refusals.add(&peer, &Refusal::Io(error)),
        }
    }

    /// Closes a connection, so that there is room for another.
    fn displace(&mut self) {
        let refused = |entry: &Entry| matches!(entry, Entry::Refused(_));
        let index = self.entries.iter().position(refused);
        let Some(index) = index.or_else(|| random(self.entries.len())) else {
            return;
        };
        if let Entry::Candidate(candidate) = self.entries.swap_remove(index) {
            self.refusals.add(&candidate.peer, &Refusal::Displaced);
            candidate
                .refuse(&Refusal::Displaced)
                .advance(Duration::ZERO);
        }
    }
}

/// A number below this one. None for zero.
fn random(below: usize) -> Option<usize> {
    let mut bytes = [0; 8];
    // Without randomness the first is chosen: the oldest as a rule.
    let _ = getrandom::fill(&mut bytes);
    let below = u64::try_from(below).ok()?;
    usize::try_from(u64::from_ne_bytes(bytes).checked_rem(below)?).ok()
}

fn is_exhaustion(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS)
    )
}
