//! The options of a pool.

use alloc::sync::Arc;
use core::fmt;
use core::num::NonZeroUsize;
use core::time::Duration;

/// Options of a [`Pool`](super::Pool).
#[derive(Clone)]
pub struct PoolOptions {
    pub(super) queue: NonZeroUsize,
    pub(super) call_timeout: Option<Duration>,
    pub(super) retries: u32,
    pub(super) progress: Option<Callback>,
}

pub(super) type Callback = Arc<dyn Fn(PoolProgress) + Send + Sync>;

/// The default length of the queue.
const QUEUE: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

impl PoolOptions {
    /// Options with the defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            queue: QUEUE,
            call_timeout: None,
            retries: 0,
            progress: None,
        }
    }

    /// Sets how many calls may wait for a worker: [`Pool::submit`](super::Pool::submit) blocks while that many do.
    /// Default: 1000.
    #[must_use]
    pub const fn with_queue(mut self, calls: NonZeroUsize) -> Self {
        self.queue = calls;
        self
    }

    /// Sets how long each call may run. A call that takes longer fails with
    /// [`CallError::Timeout`](crate::CallError::Timeout), and its worker is killed and replaced. Default: `None`, no
    /// limit.
    #[must_use]
    pub const fn with_call_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// Sets how often a call is repeated if its worker dies while it runs: for functions that may run more than once.
    /// Default: 0, the call fails. Calls that raise an exception or exceed the timeout are not repeated.
    #[must_use]
    pub const fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets a function that is called after each call, in the thread of its worker, which waits for it.
    /// If it panics, the worker takes no more calls.
    #[must_use]
    pub fn with_progress(
        mut self,
        progress: impl Fn(PoolProgress) + Send + Sync + 'static,
    ) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// See [`with_queue`](Self::with_queue).
    #[must_use]
    pub const fn queue(&self) -> NonZeroUsize {
        self.queue
    }

    /// See [`with_call_timeout`](Self::with_call_timeout).
    #[must_use]
    pub const fn call_timeout(&self) -> Option<Duration> {
        self.call_timeout
    }

    /// See [`with_retries`](Self::with_retries).
    #[must_use]
    pub const fn retries(&self) -> u32 {
        self.retries
    }
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PoolOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolOptions")
            .field("queue", &self.queue)
            .field("call_timeout", &self.call_timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// How many calls of a pool are done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolProgress {
    /// Number of calls that were submitted.
    pub submitted: u64,
    /// Number of calls that have ended, with a result or an error.
    pub done: u64,
    /// Number of calls that have ended with an error.
    pub failed: u64,
}
