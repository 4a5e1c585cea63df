//! The pool of threads that runs calls.

mod state;
mod threads;

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use execnet_serializer::{ChannelId, LoadOptions};

use self::state::{PoolState, QueuedCall};
use super::Worker;
use crate::api::{Channel, Gateway};
use crate::engine::{ExecModel, Executor};
use crate::panics;
use crate::sync::{Condvar, Deadline, Mutex};

/// The time that a call waits for the main thread before it is refused, in the model `main_thread_only`: a function
/// that has sent its last item may not have returned when its controller makes the next call. The time is execnet's.
const MAIN_THREAD_WAIT: Duration = Duration::from_secs(1);

/// The calls of a gateway, and the threads that run them. The thread that serves is one of them; others are started
/// when there are more calls than idle threads.
pub(super) struct Pool {
    gateway: Gateway,
    worker: Worker,
    // A lock of its own, so that the engine's locks are free while calls are distributed. No thread takes an engine's
    // lock while it holds this one.
    state: Mutex<PoolState>,
    /// For idle threads: a call was queued, or no more calls arrive.
    work: Condvar,
    /// For the end of the pool: a call has ended, or running calls are not waited for any more.
    done: Condvar,
    /// For the refuser: a call has left the queue.
    taken: Condvar,
}

impl Pool {
    pub(super) fn new(gateway: Gateway, worker: Worker) -> Arc<Self> {
        let state = PoolState {
            living: 1,
            ..PoolState::default()
        };
        Arc::new(Self {
            gateway,
            worker,
            state: Mutex::new(state),
            work: Condvar::default(),
            done: Condvar::default(),
            taken: Condvar::default(),
        })
    }

    /// Body of the thread that serves: runs calls until the link has ended, then waits for the calls of other threads.
    /// The error has the names of the functions that still run.
    pub(super) fn serve(&self) -> Result<(), Vec<String>> {
        self.run(usize::MAX);
        let mut state = self.state.lock();
        while !state.is_idle() && !state.abandoned {
            state = self.done.wait(state, Deadline::NEVER);
        }
        if state.is_idle() {
            let threads = core::mem::take(&mut state.threads);
            // The threads need the lock to exit.
            drop(state);
            for thread in threads {
                // `perform` catches panics, so that there is none here.
                let _ = thread.join();
            }
            return Ok(());
        }
        Err(state.names())
    }

    /// Runs calls until no more arrive, or until more than `spare` threads are idle.
    fn run(&self, spare: usize) {
        while let Some(mut call) = self.next_call(spare) {
            let number = call.number;
            let failure = self.perform(&mut call).err();
            // Before the end is written: the next call of the peer finds this thread idle, and starts no other one.
            self.state.lock().ending += 1;
            call.channel.end_call(failure.as_deref());
            // Unlocked: this may be the last handle of the channel, whose drop takes the engine's locks.
            drop(call);
            let mut state = self.state.lock();
            state.ending -= 1;
            state.running.remove(&number);
            drop(state);
            self.done.notify_all();
            // The function may have read the link. This thread now waits for calls, which another thread has to read.
            self.gateway.shared().want_reader();
        }
    }

    fn next_call(&self, spare: usize) -> Option<QueuedCall> {
        let mut state = self.state.lock();
        loop {
            if let Some(call) = state.queue.pop_front() {
                // Under the lock under which it leaves the queue: the pool is never idle in between.
                state.running.insert(call.number, None);
                if state.has_refuser {
                    self.taken.notify_one();
                }
                return Some(call);
            }
            if state.ended || state.idle() > spare {
                // Under the same lock as the look at the queue: a call that is added later does not count on this thread.
                state.living -= 1;
                return None;
            }
            state = self.work.wait(state, Deadline::NEVER);
        }
    }

    /// Runs a call. The error is the text for the controller.
    fn perform(&self, call: &mut QueuedCall) -> Result<(), String> {
        // Taken out, to be freed before the function runs, which may be for long.
        let payload = core::mem::take(&mut call.payload);
        call.channel.begin_call(payload.len());
        let limits = self.gateway.shared().config.limits;
        let options = LoadOptions::wire().with_limits(limits);
        let mut name = None;
        // The function is not the only code of the program here: recognizers and the `Display` of errors are, too.
        let called = panics::catch(|| {
            let prepared = self.worker.functions.prepare(&payload, options);
            drop(payload);
            let prepared = prepared?;
            name = Some(prepared.name.clone());
            let running = name.clone();
            self.state.lock().running.insert(call.number, running);
            prepared.call(&call.channel)
        });
        called.unwrap_or_else(|message| {
            Err(match name {
                Some(name) => format!("function '{name}' panicked: {message}"),
                None => format!("a recognizer of programs panicked: {message}"),
            })
        })
    }

    /// Waits until no call runs, for at most `timeout`.
    fn wait_idle(&self, timeout: Duration) -> bool {
        let deadline = Deadline::after(timeout);
        let mut state = self.state.lock();
        while !state.is_idle() && !deadline.has_passed() {
            state = self.done.wait(state, deadline);
        }
        state.is_idle()
    }
}

impl Executor for Pool {
    fn submit(self: Arc<Self>, id: ChannelId, payload: Vec<u8>) {
        let channel = Channel::of_call(&self.gateway, id);
        let mut state = self.state.lock();
        let mut deadline = Deadline::NEVER;
        // Each queued call will take an idle thread, which may have been woken and not have taken it yet.
        if state.idle() <= state.queue.len() {
            match self.gateway.shared().config.exec_model {
                ExecModel::MainThreadOnly => {
                    deadline = Deadline::after(MAIN_THREAD_WAIT);
                    self.start_refuser(&mut state);
                }
                ExecModel::Thread => self.start_thread(&mut state),
            }
        }
        state.calls += 1;
        let number = state.calls;
        state.queue.push_back(QueuedCall {
            number,
            channel,
            payload,
            deadline,
        });
        // Unlocked, as the woken thread takes the lock first.
        drop(state);
        self.work.notify_one();
    }

    fn wind_down(&self) {
        self.state.lock().ended = true;
        self.work.notify_all();
        if self.wait_idle(self.worker.grace.interrupt()) {
            return;
        }
        if let Some(interrupt) = &self.worker.interrupt {
            // A panic in it is ignored: the panic hook has printed it.
            let _ = panics::catch(|| interrupt());
        }
        if self.wait_idle(self.worker.grace.leave()) {
            return;
        }
        let (queued, names) = {
            let mut state = self.state.lock();
            state.abandoned = true;
            (core::mem::take(&mut state.queue), state.names())
        };
        // Unlocked, as the handles of their channels are dropped.
        drop(queued);
        self.done.notify_all();
        if let Some(abandon) = &self.worker.abandon {
            // As above. The reader thread, which runs this, still has to close the writing end.
            let _ = panics::catch(|| abandon(&names));
        }
    }
}
