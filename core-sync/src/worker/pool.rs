//! Threads that run calls.

use alloc::borrow::ToOwned as _;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::time::Duration;
use std::thread;

use execnet_serializer::{ChannelId, LoadOptions};

use super::Failure;
use super::registry::Registry;
use super::serve::Grace;
use crate::api::Channel;
use crate::api::Gateway;
use crate::engine::{ExecModel, Executor};
use crate::panics;
use crate::session::BUSY;
use crate::sync::{Condvar, Deadline, Guard, Mutex};

/// Number of idle threads that are kept for later calls; further ones exit.
const SPARE: usize = 4;

/// How long a call waits for the main thread before it is refused, in the model `main_thread_only`. Code that has sent
/// its last answer may still have something to do when its controller makes the next call. Execnet's own.
const MAIN_THREAD_WAIT: Duration = Duration::from_secs(1);

/// Finished threads are looked for when there are more threads than this, and then twice as many as were left.
const PRUNE: usize = 16;

/// What [`Pool`] is made of.
pub(super) struct Parts {
    pub(super) gateway: Gateway,
    pub(super) registry: Arc<Registry<Channel>>,
    /// With the thread that serves.
    pub(super) max_threads: usize,
    pub(super) grace: Grace,
    /// Called when the first part of the grace is over.
    pub(super) interrupt: Option<Arc<dyn Fn() + Send + Sync>>,
    /// Called when both are.
    pub(super) abandon: Option<fn(&[String])>,
}

/// The calls of one gateway, and the threads that run them. The thread that serves is one of them; the others are
/// started when there are more calls than idle threads.
pub(super) struct Pool {
    /// For the threads that it starts.
    me: Weak<Self>,
    parts: Parts,
    state: Mutex<State>,
    /// There is a call, or there will be none any more.
    work: Condvar,
    /// A call is done, or nobody waits for them any longer.
    done: Condvar,
    /// A call has left the queue, for the thread that refuses those that wait too long.
    taken: Condvar,
}

struct State {
    queue: VecDeque<Call>,
    /// The names of the functions that run, once they are known, by the number of the call. Not by the id of its
    /// channel: the controller may use that again as soon as the channel is gone, which is before the thread of the
    /// earlier call comes back to this lock.
    running: BTreeMap<u64, Option<Arc<str>>>,
    /// How many calls have come.
    calls: u64,
    threads: Vec<thread::JoinHandle<()>>,
    /// How many threads there may be before those that are finished are looked for.
    prune_at: usize,
    /// Whether there is a thread that refuses calls which wait too long, and how many it is just refusing.
    refuser: bool,
    refusing: usize,
    /// Those that have not left, with the one that serves.
    living: usize,
    /// Those whose call is done, but for telling the peer.
    ending: usize,
    started: usize,
    ended: bool,
    abandoned: bool,
}

struct Call {
    number: u64,
    channel: Channel,
    payload: Vec<u8>,
    /// When it is refused if no thread has taken it.
    deadline: Deadline,
}

impl Pool {
    pub(super) fn new(parts: Parts) -> Arc<Self> {
        let state = Mutex::new(State {
            queue: VecDeque::new(),
            running: BTreeMap::new(),
            calls: 0,
            threads: Vec::new(),
            prune_at: PRUNE,
            refuser: false,
            refusing: 0,
            living: 1,
            ending: 0,
            started: 0,
            ended: false,
            abandoned: false,
        });
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            parts,
            state,
            work: Condvar::default(),
            done: Condvar::default(),
            taken: Condvar::default(),
        })
    }

    /// What the thread that serves does: it runs calls until the link has ended, then waits for those of the
    /// others. The error has the names of the functions that still run.
    pub(super) fn serve(&self) -> Result<(), Vec<String>> {
        self.run(usize::MAX);
        let mut state = self.state.lock();
        while !state.is_idle() && !state.abandoned {
            state = self.done.wait(state, Deadline::NEVER);
        }
        if state.is_idle() {
            let threads = core::mem::take(&mut state.threads);
            drop(state);
            for thread in threads {
                // It catches the panics of what it runs.
                let _ = thread.join();
            }
            return Ok(());
        }
        Err(state.names())
    }

    /// Runs calls until there will be no more, or until more than `spare` threads wait for one.
    fn run(&self, spare: usize) {
        while let Some(mut call) = self.next_call(spare) {
            let number = call.number;
            let failure = self.perform(&mut call).err();
            // Before the peer knows: its next call need not be given a thread of its own.
            self.state.lock().ending += 1;
            call.channel.end_call(failure.as_deref());
            drop(call);
            let mut state = self.state.lock();
            state.ending -= 1;
            state.running.remove(&number);
            drop(state);
            self.done.notify_all();
            // It may have read the link. From here on it waits for calls, which are to be read by another.
            self.parts.gateway.shared().want_reader();
        }
    }

    fn next_call(&self, spare: usize) -> Option<Call> {
        let mut state = self.state.lock();
        loop {
            if let Some(call) = state.queue.pop_front() {
                state.running.insert(call.number, None);
                if state.refuser {
                    self.taken.notify_one();
                }
                return Some(call);
            }
            if state.ended || state.idle() > spare {
                state.living -= 1;
                return None;
            }
            state = self.work.wait(state, Deadline::NEVER);
        }
    }

    /// Runs a call. The error is what the controller is told.
    fn perform(&self, call: &mut Call) -> Result<(), String> {
        // A call that runs, maybe for long, keeps no memory for what it was asked with.
        let payload = core::mem::take(&mut call.payload);
        call.channel.begin_call(payload.len());
        let limits = self.parts.gateway.shared().config.limits;
        let options = LoadOptions::wire().with_limits(limits);
        let mut name = None;
        // Code of the program is not only the function: it also recognizes programs, and makes the text of an error.
        let called = panics::catch(|| {
            let prepared = self.parts.registry.prepare(&payload, options);
            drop(payload);
            let prepared = prepared.map_err(|failure| failure.to_string())?;
            name = Some(prepared.name.clone());
            let running = name.clone();
            self.state.lock().running.insert(call.number, running);
            let called = prepared.call(&call.channel);
            called.map_err(|failure| failure.to_string())
        });
        called.unwrap_or_else(|account| {
            let name = name.map(|name| name.to_string());
            Err(Failure::Panicked { name, account }.to_string())
        })
    }

    /// Waits until nothing runs, for so long at most.
    fn wait_idle(&self, patience: Duration) -> bool {
        let deadline = Deadline::after(patience);
        let mut state = self.state.lock();
        while !state.is_idle() && !deadline.has_passed() {
            state = self.done.wait(state, deadline);
        }
        state.is_idle()
    }

    /// Starts a thread of its own kind, which serves once it has been told apart from those that run calls.
    fn start(
        &self,
        state: &mut State,
        role: &str,
        body: impl FnOnce(&Self) + Send + 'static,
    ) -> std::io::Result<()> {
        let name = format!("execnet-{}-exec-{role}", self.parts.gateway.id());
        let me = self.me.clone();
        let thread = thread::Builder::new().name(name).spawn(move || {
            // It is kept by the thread that serves, which waits for this one.
            if let Some(pool) = me.upgrade() {
                body(&pool);
            }
        })?;
        state.keep(thread);
        Ok(())
    }

    fn start_thread(&self, state: &mut State) {
        let number = state.started + 1;
        let started = self.start(state, &number.to_string(), |pool| pool.run(SPARE));
        // Where no thread can be started the call waits for one of those there are.
        if started.is_ok() {
            state.started = number;
            state.living += 1;
        }
    }

    /// What the thread does that refuses calls: it waits for the oldest of them to be taken, or to have waited too long,
    /// until none is left. The reader cannot do that, it has frames to read.
    fn refuse_late(&self) {
        let mut state = self.state.lock();
        while let Some(deadline) = state.queue.front().map(|call| call.deadline) {
            state = if deadline.has_passed() {
                self.refuse(state)
            } else {
                self.taken.wait(state, deadline)
            };
        }
        // Under the same lock as the look at the queue: whoever adds a call from here on starts another thread.
        state.refuser = false;
    }

    fn refuse<'a>(&'a self, mut state: Guard<'a, State>) -> Guard<'a, State> {
        let call = state.queue.pop_front();
        // Until the controller is told, the worker is not idle: it would close the link.
        state.refusing += 1;
        drop(state);
        if let Some(call) = call {
            call.channel.begin_call(call.payload.len());
            call.channel.end_call(Some(BUSY));
        }
        let mut state = self.state.lock();
        state.refusing -= 1;
        self.done.notify_all();
        state
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.running.is_empty() && self.queue.is_empty() && self.refusing == 0
    }

    /// Keeps a thread to be joined. Looking for finished ones each time would cost a new thread as much as there are.
    fn keep(&mut self, thread: thread::JoinHandle<()>) {
        if self.threads.len() >= self.prune_at {
            self.threads.retain(|thread| !thread.is_finished());
            self.prune_at = self.threads.len().saturating_mul(2).max(PRUNE);
        }
        self.threads.push(thread);
    }

    /// How many threads run no call, or only tell the peer that it is done.
    fn idle(&self) -> usize {
        (self.living + self.ending).saturating_sub(self.running.len())
    }

    /// What runs.
    fn names(&self) -> Vec<String> {
        let name = |name: &Option<Arc<str>>| match name {
            Some(name) => name.to_string(),
            None => "a call that begins".to_owned(),
        };
        self.running.values().map(name).collect()
    }
}

impl Executor for Pool {
    fn submit(&self, id: ChannelId, payload: Vec<u8>) {
        let channel = Channel::of_call(&self.parts.gateway, id);
        let one_at_a_time =
            self.parts.gateway.shared().config.exec_model == ExecModel::MainThreadOnly;
        let mut state = self.state.lock();
        // One that was woken for an earlier call and has not taken it yet is idle, but spoken for.
        let spoken_for = state.idle() <= state.queue.len();
        let mut deadline = Deadline::NEVER;
        if spoken_for && one_at_a_time {
            deadline = Deadline::after(MAIN_THREAD_WAIT);
            if !state.refuser {
                // Where no thread can be started the call waits for as long as it takes.
                state.refuser = self.start(&mut state, "refuser", Self::refuse_late).is_ok();
            }
        } else if spoken_for && state.living < self.parts.max_threads {
            self.start_thread(&mut state);
        }
        state.calls += 1;
        let number = state.calls;
        state.queue.push_back(Call {
            number,
            channel,
            payload,
            deadline,
        });
        drop(state);
        self.work.notify_one();
    }

    fn wind_down(&self) {
        self.state.lock().ended = true;
        self.work.notify_all();
        if self.wait_idle(self.parts.grace.interrupt) {
            return;
        }
        if let Some(interrupt) = &self.parts.interrupt {
            // A panic in it is shown by the hook of the process, and changes nothing of what follows.
            let _ = panics::catch(|| interrupt());
        }
        if self.wait_idle(self.parts.grace.leave) {
            return;
        }
        let (unbegun, names) = {
            let mut state = self.state.lock();
            state.abandoned = true;
            (core::mem::take(&mut state.queue), state.names())
        };
        drop(unbegun);
        self.done.notify_all();
        if let Some(abandon) = self.parts.abandon {
            abandon(&names);
        }
    }
}
