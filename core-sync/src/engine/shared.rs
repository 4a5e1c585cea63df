//! What the handles and threads of a gateway share, and the rules of its two locks.

use alloc::sync::{Arc, Weak};
use std::io;
use std::sync::OnceLock;

use execnet_serializer::ChannelId;
use log::Level;

use super::config::GatewayConfig;
use super::executor::Executor;
use super::state::State;
use super::waiters::ChannelCondvars;
use super::{reader, threads};
use crate::error::SendError;
use crate::link::{Link, Output, PeerControl};
use crate::session::Role;
use crate::sync::{Condvar, Deadline, Mutex, thread};
use crate::trace;

/// Shared by the handles of a gateway and its threads.
///
/// # Locks
///
/// There are two. A thread that takes both takes the writer's first.
///
/// - The writer's lock is held from the check whether a frame may be sent until it is written, so that no item follows a
///   CLOSE on the wire. It can be held for as long as the peer does not read, so the reader never takes it before the link
///   has ended.
/// - Under the state's lock there is no I/O, no decoding, and no code of the program. Dropping a value of the program is
///   code of the program, too. [`update`](Self::update) enforces that.
pub(crate) struct Shared {
    pub(crate) config: GatewayConfig,
    pub(crate) control: Arc<dyn PeerControl>,
    // Weak, because the executor holds the gateway: a strong reference would be a cycle that keeps both alive.
    /// Set before the first frame is read, if this end runs code.
    pub(super) executor: OnceLock<Weak<dyn Executor>>,
    // Not part of the state: a write can block for as long as the peer does not read, and the reader, which takes the
    // state's lock for every batch, must continue to read meanwhile. Two peers that each wait in a write would deadlock.
    /// `None` once it is closed or a write has failed: a frame that was written in part cannot be taken back.
    pub(super) writer: Mutex<Option<Output>>,
    /// Whether the link writes content without a copy through memory. Here, so that asking needs no lock.
    pub(crate) has_content_writer: bool,
    pub(crate) state: Mutex<State>,
    // One condition variable for each kind of waiting thread, all on the state's lock. With a shared one, `notify_one`
    // could wake a thread of another kind, which would go back to sleep and lose the notification.
    /// For the writer thread: frames to write, or the end.
    pub(super) writer_wake: Condvar,
    /// For the callback thread: a queued channel, or the end.
    pub(super) callbacks_wake: Condvar,
    /// For a paused reader: room in the inboxes.
    pub(super) room: Condvar,
    /// The end of the link, and of each thread of the gateway.
    pub(super) ended: Condvar,
    /// For the reader: the input is free, or wanted.
    pub(super) handback: Condvar,
    /// Makes each start of a thread fail.
    #[cfg(feature = "test-util")]
    pub(crate) no_threads: core::sync::atomic::AtomicBool,
}

impl Shared {
    /// A gateway over a link, which [`start`](Self::start) begins to read.
    pub(crate) fn new(link: Link, config: GatewayConfig) -> Arc<Self> {
        let writer = Output::new(link.writer, link.content_writer);
        Arc::new(Self {
            state: Mutex::new(State::new(&config, link.reader, link.poll_reader)),
            config,
            control: link.control,
            executor: OnceLock::new(),
            has_content_writer: writer.has_content_writer(),
            writer: Mutex::new(Some(writer)),
            writer_wake: Condvar::default(),
            callbacks_wake: Condvar::default(),
            room: Condvar::default(),
            ended: Condvar::default(),
            handback: Condvar::default(),
            #[cfg(feature = "test-util")]
            no_threads: false.into(),
        })
    }

    /// Sets what runs the calls of the peer. It does nothing if that is set already.
    pub(crate) fn set_executor<E: Executor + 'static>(&self, executor: &Arc<E>) {
        let weak = Arc::downgrade(executor);
        let _ = self.executor.set(weak);
    }

    /// Starts to read the link.
    ///
    /// # Errors
    ///
    /// The reader's thread cannot be started; then the peer is killed through the link's control.
    pub(crate) fn start(self: &Arc<Self>) -> io::Result<()> {
        // Execnet's own names: people search their logs for them.
        let name = match self.config.role {
            Role::Initiator => "gateway",
            Role::Worker => "workergateway",
        };
        let what = format_args!("creating {name} on a link");
        trace::event(Level::Debug, &self.config.id, what);
        let started = threads::spawn(self, "reader", reader::run);
        // Nobody would read what the peer sends: it is killed rather than left to block in a write.
        started.inspect_err(|_| self.control.kill())
    }

    /// Waits until the link has ended and all threads have exited. Returns false if `deadline` passes first, and at once in
    /// one of these threads, which cannot wait for itself.
    pub(crate) fn join(&self, deadline: Deadline) -> bool {
        let mut state = self.state.lock();
        let this = thread::current().id();
        let mut threads = state.threads.iter();
        if threads.any(|other| other.thread().id() == this) {
            return false;
        }
        while state.running_threads > 0 {
            if deadline.has_passed() {
                return false;
            }
            state = self.wait(&self.ended, state, deadline);
        }
        // The count is zero: the threads have nothing left to do but to return, so that joining takes no time. Unlocked all
        // the same, as everything that blocks.
        let threads = core::mem::take(&mut state.threads);
        drop(state);
        for thread in threads {
            // A panic was printed by the panic hook, and the caller could not act on it.
            let _ = thread.join();
        }
        true
    }

    /// Opens a channel.
    pub(crate) fn open(&self) -> Result<(ChannelId, Arc<ChannelCondvars>), SendError> {
        let state = &mut *self.state.lock();
        let id = state.lifecycle.open(&mut state.session)?;
        let condvars = state.condvars_of(id);
        Ok((id, condvars))
    }

    /// Wakes all threads of the gateway and those that wait for its end, to look at the state again.
    pub(super) fn notify_threads(&self) {
        self.writer_wake.notify_all();
        self.callbacks_wake.notify_all();
        self.room.notify_all();
        self.ended.notify_all();
    }
}
