//! A refused connection, kept until its client has had the chance to read the reason.

use alloc::sync::Arc;
use core::time::Duration;
use std::net::Shutdown;

use rustix::event::PollFlags;

use crate::bootstrap::Progress;
use crate::deadline::Deadline;
use crate::socket::stream::Stream;

/// How long a refused client may take to read the reason.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum number of bytes that are read from a refused client and discarded.
const MAX_DISCARDED: usize = 1 << 20;

/// A connection that is being closed.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) stream: Arc<Stream>,
    unsent: Vec<u8>,
    pub(super) deadline: Deadline,
    discarded: usize,
    /// Whether everything has been sent, and this direction closed.
    sent: bool,
}

impl Refused {
    /// Closes the connection after these last bytes.
    pub(super) fn new(stream: Arc<Stream>, last: Vec<u8>) -> Self {
        Self {
            stream,
            unsent: last,
            deadline: Deadline::after(TIMEOUT),
            discarded: 0,
            sent: false,
        }
    }

    pub(super) fn interest(&self) -> PollFlags {
        if self.sent {
            PollFlags::IN
        } else {
            PollFlags::IN | PollFlags::OUT
        }
    }

    /// Sends what can be sent within `timeout`, and discards input. Returns whether the connection can be dropped.
    ///
    /// The input must be read: the system resets a connection that is closed with unread input, and the client would
    /// lose the reason, which it has not read yet.
    pub(super) fn advance(&mut self, timeout: Duration) -> bool {
        let mut buffer = [0; 4096];
        // Bounded: a client that sends without end would keep the thread of all other candidates busy.
        while self.discarded < MAX_DISCARDED {
            let Ok(progress) = self.stream.transfer(&self.unsent, &mut buffer, timeout) else {
                return true;
            };
            let Progress { sent, received } = progress;
            self.unsent.drain(..sent.min(self.unsent.len()));
            if self.unsent.is_empty() && !self.sent {
                self.sent = true;
                self.stream.shutdown(Shutdown::Write);
            }
            match received {
                Some(0) => return true,
                Some(size) => self.discarded = self.discarded.saturating_add(size),
                None if sent == 0 => return false,
                None => {}
            }
        }
        true
    }

    /// Blocks until the connection can be dropped.
    pub(super) fn finish(mut self) {
        while !self.deadline.left().is_zero() {
            if self.advance(self.deadline.left()) {
                return;
            }
        }
    }
}
