use core::time::Duration;
use std::io;

/// Waits until a link is readable, and can be interrupted.
///
/// A thread that receives waits by it instead of in a read: a read could not be interrupted when the channel is closed,
/// gets a callback, or another thread needs the link to be read.
pub trait PollReader: Send + Sync {
    /// Waits until a read of the link's reader returns at once, with bytes, the end or an error; until
    /// [`interrupt`](Self::interrupt) is called, or was called since the last wait; or for no longer than `timeout`.
    /// One thread waits at a time.
    ///
    /// It may return [`Ready::Interrupted`] for no reason. It must not return [`Ready::Read`] for none: the read would
    /// block.
    ///
    /// # Errors
    ///
    /// The link cannot be polled. Only the gateway's reader thread reads it from then on.
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready>;

    /// Makes the thread that waits return; if none waits, the next wait returns at once. What this thread has done
    /// before is visible to the one that returns.
    fn interrupt(&self);
}

/// Why a wait of a [`PollReader`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// A read returns at once.
    Read,
    /// An interrupt, the timeout, or no reason.
    Interrupted,
}
