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

use super::registry::Registry;
use super::worker::Grace;
use super::{Failure, panics};
use crate::channel::Channel;
use crate::gateway::{Executor, Gateway};
use crate::sync::{Condvar, Deadline, Mutex};

/// So many threads may wait for a call; who is done beyond that leaves.
const SPARE: usize = 4;

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
}

struct State {
    queue: VecDeque<Call>,
    /// What runs, by the name of its function once that is known.
    running: BTreeMap<ChannelId, Option<Arc<str>>>,
    threads: Vec<thread::JoinHandle<()>>,
    /// Those that have not left, with the one that serves.
    living: usize,
    /// Those whose call is done, but for telling the peer.
    ending: usize,
    started: usize,
    ended: bool,
    abandoned: bool,
}

struct Call {
    channel: Channel,
    payload: Vec<u8>,
}

impl Pool {
    pub(super) fn new(parts: Parts) -> Arc<Self> {
        let state = Mutex::new(State {
            queue: VecDeque::new(),
            running: BTreeMap::new(),
            threads: Vec::new(),
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
        while let Some(call) = self.next_call(spare) {
            let id = call.channel.id();
            let done = self.perform(&call);
            let failure = done.err().map(|failure| failure.to_string());
            // Before the peer knows: its next call need not be given a thread of its own.
            self.state.lock().ending += 1;
            call.channel.end_call(failure.as_deref());
            drop(call);
            let mut state = self.state.lock();
            state.ending -= 1;
            state.running.remove(&id);
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
                state.running.insert(call.channel.id(), None);
                return Some(call);
            }
            if state.ended || state.idle() > spare {
                state.living -= 1;
                return None;
            }
            state = self.work.wait(state, Deadline::NEVER);
        }
    }

    fn perform(&self, call: &Call) -> Result<(), Failure> {
        let limits = self.parts.gateway.shared().config.limits;
        let options = LoadOptions::new().limits(limits);
        let prepared = self.parts.registry.prepare(&call.payload, options)?;
        let name = prepared.name.clone();
        let running = Some(name.clone());
        self.state.lock().running.insert(call.channel.id(), running);
        let called = panics::catch(|| prepared.call(&call.channel));
        called.unwrap_or_else(|account| {
            let name = name.to_string();
            Err(Failure::Panicked { name, account })
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

    fn start_thread(&self, state: &mut State) -> std::io::Result<()> {
        let number = state.started + 1;
        let name = format!("execnet-{}-exec-{number}", self.parts.gateway.id());
        let me = self.me.clone();
        let thread = thread::Builder::new().name(name).spawn(move || {
            // It is kept by the thread that serves, which waits for this one.
            if let Some(pool) = me.upgrade() {
                pool.run(SPARE);
            }
        })?;
        state.threads.retain(|thread| !thread.is_finished());
        state.threads.push(thread);
        state.started = number;
        state.living += 1;
        Ok(())
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.running.is_empty() && self.queue.is_empty()
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
        let mut state = self.state.lock();
        // One that was woken for an earlier call and has not taken it yet is idle, but spoken for.
        let spoken_for = state.idle() <= state.queue.len();
        if spoken_for && state.living < self.parts.max_threads {
            // Where no thread can be started the call waits for one of those there are.
            let _ = self.start_thread(&mut state);
        }
        state.queue.push_back(Call { channel, payload });
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
