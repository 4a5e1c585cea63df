//! The calls that wait and the threads of the pool, under its lock.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::thread::JoinHandle;

use crate::api::Channel;
use crate::sync::Deadline;

/// With more threads than this, finished ones are removed; then again when the number has doubled.
const PRUNE: usize = 16;

#[derive(Default)]
pub(super) struct PoolState {
    pub(super) queue: VecDeque<QueuedCall>,
    // By the number of the call and not by the id of its channel: the controller may use an id again as soon as the
    // channel is gone, which is before the thread of the earlier call comes back to this lock.
    /// The running calls, with the names of their functions once they are known.
    pub(super) running: BTreeMap<u64, Option<Arc<str>>>,
    /// Number of calls so far.
    pub(super) calls: u64,
    pub(super) threads: Vec<JoinHandle<()>>,
    /// The number of threads from which finished ones are removed, if it is above [`PRUNE`].
    pub(super) prune_at: usize,
    /// Whether the refuser runs: the thread that refuses calls that have waited too long.
    pub(super) has_refuser: bool,
    /// Number of calls that the refuser is refusing.
    pub(super) refusing: usize,
    /// Number of threads that have not exited, with the one that serves.
    pub(super) living: usize,
    /// Number of threads that have run a call, and still send its end to the peer.
    pub(super) ending: usize,
    /// Number of threads started so far, for their names.
    pub(super) started: usize,
    /// The link has ended: no more calls arrive.
    pub(super) ended: bool,
    /// The grace has passed: running calls are not waited for any more.
    pub(super) abandoned: bool,
}

pub(super) struct QueuedCall {
    pub(super) number: u64,
    pub(super) channel: Channel,
    pub(super) payload: Vec<u8>,
    /// The call is refused if no thread has taken it until then.
    pub(super) deadline: Deadline,
}

impl PoolState {
    /// Whether no call runs or waits.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.queue.is_empty() && self.refusing == 0
    }

    /// Keeps a thread, to be joined.
    pub(super) fn keep(&mut self, thread: JoinHandle<()>) {
        // Looking for finished threads each time would make the start of a thread cost as much as there are threads.
        if self.threads.len() >= self.prune_at.max(PRUNE) {
            self.threads.retain(|thread| !thread.is_finished());
            self.prune_at = self.threads.len().saturating_mul(2);
        }
        self.threads.push(thread);
    }

    /// Number of threads that run no call, or only send the end of one.
    pub(super) fn idle(&self) -> usize {
        // A thread that sends the end counts as idle: the controller that sees the end may call again at once, and that
        // call should find this thread instead of starting another one.
        (self.living + self.ending).saturating_sub(self.running.len())
    }

    /// The names of the running functions.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |name: &Option<Arc<str>>| match name {
            Some(name) => name.to_string(),
            None => "a call that has just begun".to_owned(),
        };
        self.running.values().map(name).collect()
    }
}
