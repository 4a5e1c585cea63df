//! What the threads of a pool share: the queue, and the counts.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::time::Duration;

use execnet_core_sync::Channel;

use super::options::{PoolOptions, PoolProgress};
use super::task::Task;
use crate::call::CallError;
use crate::error::MakeGatewayError;
use crate::group::Group;
use crate::sync::{Condvar, Mutex};

pub(super) struct Shared {
    pub(super) group: Arc<Group>,
    pub(super) options: PoolOptions,
    state: Mutex<State>,
    /// A call is in the queue, or the pool ends.
    work: Condvar,
    /// The queue has room, or no worker is left.
    room: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Queued>,
    /// The channel of each worker. `None` before its first call, and after an error.
    channels: Vec<Option<Channel>>,
    /// Number of threads that take calls.
    workers: usize,
    ended: bool,
    /// Why a worker could not be replaced.
    lost: Option<Arc<MakeGatewayError>>,
    progress: PoolProgress,
}

/// A call, and how often a worker has died while it ran.
pub(super) struct Queued {
    pub(super) task: Box<dyn Task>,
    pub(super) deaths: u32,
}

impl Shared {
    pub(super) fn new(group: Arc<Group>, options: PoolOptions, workers: usize) -> Self {
        let state = State {
            channels: core::iter::repeat_with(|| None).take(workers).collect(),
            workers,
            ..State::default()
        };
        Self {
            group,
            options,
            state: Mutex::new(state),
            work: Condvar::default(),
            room: Condvar::default(),
        }
    }

    /// Waits for room in the queue, and puts a call there.
    pub(super) fn submit(&self, task: Box<dyn Task>) {
        let mut state = self.state.lock();
        state.progress.submitted += 1;
        let is_full =
            |state: &mut State| state.queue.len() >= self.options.queue.get() && state.workers > 0;
        let mut state = self.room.wait_while(state, Duration::MAX, is_full);
        state.queue.push_back(Queued { task, deaths: 0 });
        if state.workers > 0 {
            drop(state);
            self.work.notify_one();
        } else {
            let (queue, lost) = state.take_queue();
            drop(state);
            self.fail(queue, lost.as_ref());
        }
    }

    /// Counts a call that cannot be sent to any worker.
    pub(super) fn refuse(&self) {
        self.state.lock().progress.submitted += 1;
        self.done(true);
    }

    /// Waits for a call; `None` at the end of the pool.
    pub(super) fn next(&self) -> Option<Queued> {
        let is_idle = |state: &mut State| state.queue.is_empty() && !state.ended;
        let mut state = self
            .work
            .wait_while(self.state.lock(), Duration::MAX, is_idle);
        let next = if state.ended {
            None
        } else {
            state.queue.pop_front()
        };
        drop(state);
        self.room.notify_one();
        next
    }

    /// Puts a call that has no result back, before all others.
    pub(super) fn put_back(&self, queued: Queued) {
        let mut state = self.state.lock();
        if !state.ended {
            state.queue.push_front(queued);
            drop(state);
            self.work.notify_one();
        }
    }

    /// Sets the channel of a worker. Returns false if the pool has ended.
    pub(super) fn set_channel(&self, worker: usize, channel: Option<&Channel>) -> bool {
        let mut state = self.state.lock();
        let before = state
            .channels
            .get_mut(worker)
            .and_then(|place| core::mem::replace(place, channel.cloned()));
        let ended = state.ended;
        drop(state);
        // Dropped without the lock: it may be the last handle.
        drop(before);
        !ended
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state.lock().ended
    }

    /// Counts a call that has ended.
    pub(super) fn done(&self, failed: bool) {
        let mut state = self.state.lock();
        state.progress.done += 1;
        state.progress.failed += u64::from(failed);
        let progress = state.progress;
        drop(state);
        if let Some(callback) = &self.options.progress {
            callback(progress);
        }
    }

    pub(super) fn progress(&self) -> PoolProgress {
        self.state.lock().progress
    }

    /// A thread ends. With the last one, the calls in the queue fail.
    pub(super) fn worker_ends(&self, lost: Option<MakeGatewayError>) {
        let mut state = self.state.lock();
        state.workers -= 1;
        state.lost = lost.map(Arc::new).or(state.lost.take());
        if state.workers > 0 || state.ended {
            return;
        }
        let (queue, lost) = state.take_queue();
        drop(state);
        self.room.notify_all();
        self.fail(queue, lost.as_ref());
    }

    fn fail(&self, queue: VecDeque<Queued>, lost: Option<&Arc<MakeGatewayError>>) {
        for Queued { mut task, .. } in queue {
            self.done(true);
            task.fail(match lost {
                Some(error) => CallError::NoWorker(error.clone()),
                None => CallError::Cancelled,
            });
        }
    }

    /// Ends the pool: drops the queue, and ends the waits for results.
    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        state.ended = true;
        let (queue, _) = state.take_queue();
        let channels = core::mem::take(&mut state.channels);
        drop(state);
        self.work.notify_all();
        self.room.notify_all();
        channels.iter().flatten().for_each(Channel::close);
        drop(queue);
    }
}

impl State {
    fn take_queue(&mut self) -> (VecDeque<Queued>, Option<Arc<MakeGatewayError>>) {
        (core::mem::take(&mut self.queue), self.lost.clone())
    }
}
