//! All connections whose clients have not authenticated yet, in one thread.
//!
//! Their number has a limit of its own, as OpenSSH's `MaxStartups`, so that they take no place of clients that can
//! authenticate. At the limit, a new connection displaces one that has already been refused, or else one chosen at
//! random: clients that authenticate at once are here only for a moment and are rarely chosen.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::candidate::{Admission, Candidate};
use super::listen::Listener;
use super::refusal_log::RefusalLog;
use super::refused::Refused;
use super::run;
use super::shared::Shared;
use crate::deadline::Deadline;
use crate::socket::greeting::Refusal;
use crate::socket::stream::Stream;
use crate::sys::{StopReader, fd_of, is_exhaustion, timespec};

/// The pause in accepting after the process has run out of descriptors or memory.
const EXHAUSTION_PAUSE: Duration = Duration::from_millis(100);

/// Maximum number of connections that are accepted between two passes over the others.
const BATCH: usize = 64;

/// The connections, and the log of refused ones.
pub(super) struct Pending<'a> {
    shared: &'a Arc<Shared>,
    entries: Vec<Entry>,
    refusals: RefusalLog<'a>,
    /// Nothing is accepted until then.
    paused: Option<Deadline>,
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
        PollFd::from_borrowed_fd(self.stream().fd(), interest)
    }

    fn deadline(&self) -> Deadline {
        match self {
            Self::Candidate(candidate) => candidate.deadline,
            Self::Refused(refused) => refused.deadline,
        }
    }
}

/// What is ready after a wait.
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
            refusals: RefusalLog::new(shared),
            paused: None,
        }
    }

    /// Accepts connections and authenticates their clients, until the server is stopped.
    pub(super) fn run(&mut self, listener: &Listener, stopped: &StopReader) -> io::Result<()> {
        loop {
            let ready = self.wait(listener, stopped)?;
            if ready.stopped {
                return Ok(());
            }
            // Before new entries are added: `ready.entries` has a value for each entry that was polled, in this order.
            self.advance(&ready.entries);
            if ready.listener {
                self.accept(listener);
            }
            self.refusals.summarize();
        }
    }

    fn wait(&mut self, listener: &Listener, stopped: &StopReader) -> io::Result<Ready> {
        if self.paused.is_some_and(|pause| pause.left().is_zero()) {
            self.paused = None;
        }
        let accepting = if self.paused.is_none() {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        let mut ends = vec![
            PollFd::from_borrowed_fd(fd_of(stopped), PollFlags::IN),
            PollFd::from_borrowed_fd(listener.fd(), accepting),
        ];
        ends.extend(self.entries.iter().map(Entry::poll_fd));
        let entries = self.entries.iter().map(Entry::deadline);
        let deadlines = entries.chain(self.paused).chain(self.refusals.deadline());
        let timeout = deadlines.map(Deadline::left).min();
        match poll(&mut ends, timeout.map(timespec).as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = ends.iter().map(|end| !end.revents().is_empty());
        Ok(Ready {
            stopped: ready.next() == Some(true),
            // Poll reports errors of the listener even if it is asked for nothing.
            listener: ready.next() == Some(true) && self.paused.is_none(),
            entries: ready.collect(),
        })
    }

    /// Advances the entries that are ready or whose deadline has passed.
    fn advance(&mut self, ready: &[bool]) {
        for (entry, &ready) in core::mem::take(&mut self.entries).into_iter().zip(ready) {
            let late = entry.deadline().left().is_zero();
            if !ready && !late {
                self.entries.push(entry);
                continue;
            }
            match entry {
                Entry::Candidate(candidate) => self.advance_candidate(candidate, late),
                Entry::Refused(mut refused) => {
                    if !refused.advance(Duration::ZERO) && !late {
                        self.entries.push(Entry::Refused(refused));
                    }
                }
            }
        }
    }

    fn advance_candidate(&mut self, mut candidate: Candidate, late: bool) {
        // Also if its time is over: what arrived in time still counts.
        match candidate.advance() {
            Ok(Admission::Admitted) => {
                if let Err(candidate) = run::spawn(self.shared, candidate) {
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
                    // The connection stays in the listener's queue, which would make the poll return at once.
                    self.displace();
                    self.paused = Some(Deadline::after(EXHAUSTION_PAUSE));
                    return;
                }
                // The client has gone already, or the call was interrupted.
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
            // Without a poll first: the greeting of a client on this machine has usually arrived already.
            Ok(candidate) => self.advance_candidate(candidate, false),
            Err(error) => self.refusals.add(&peer, &Refusal::Io(error)),
        }
    }

    /// Closes a connection to make room for another.
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

/// A random number less than `below`; `None` if that is 0.
fn random(below: usize) -> Option<usize> {
    let mut bytes = [0; 8];
    // If that fails, the number is 0: usually the oldest connection.
    let _ = getrandom::fill(&mut bytes);
    let below = u64::try_from(below).ok()?;
    usize::try_from(u64::from_ne_bytes(bytes).checked_rem(below)?).ok()
}
