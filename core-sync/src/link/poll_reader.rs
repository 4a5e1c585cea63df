use core::time::Duration;
use std::io;

/// Waits for what there is to read on a link, and can be called away from that.
pub trait PollReader: Send + Sync {
    /// Waits until a read of the link's reader returns at once, with bytes or otherwise; until
    /// [`interrupt`](Self::interrupt) is called, or was since the last wait; or for no longer than `timeout`. One thread
    /// waits at a time.
    ///
    /// # Errors
    ///
    /// It cannot be waited that way. The link is then read without.
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready>;

    /// Has the thread that waits return, or else the next one.
    fn interrupt(&self);
}

/// Why a [`PollReader`] was waited for no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// A read would return at once.
    Read,
    /// Something else.
    Interrupted,
}
