//! The time that running functions have after the end of the link.

use core::time::Duration;

use crate::options::options;

/// The time that functions have to return after the link has ended.
///
/// A worker that runs no function exits at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace {
    interrupt: Duration,
    leave: Duration,
}

impl Grace {
    /// Execnet's times: see [`with_interrupt`](Self::with_interrupt) and [`with_leave`](Self::with_leave).
    #[must_use]
    pub const fn new() -> Self {
        Self {
            interrupt: Duration::from_secs(5),
            leave: Duration::from_secs(10),
        }
    }

    options! {
        /// Sets the time until functions are interrupted: a Python worker interrupts its code as by Ctrl-C, a Rust
        /// worker calls [`Worker::on_interrupt`](super::Worker::on_interrupt). Default: 5 seconds, as in execnet.
        with_interrupt, interrupt: Duration;
        /// Sets the time from the interrupt until the worker exits without them. Default: 10 seconds, as in execnet.
        with_leave, leave: Duration;
    }
}

impl Default for Grace {
    fn default() -> Self {
        Self::new()
    }
}
