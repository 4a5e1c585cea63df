use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use std::io;
use std::sync::OnceLock;

use execnet_serializer::ChannelId;
use log::Level;

use super::config::GatewayConfig;
use super::effects::Effects;
use super::executor::Executor;
use super::state::State;
use super::waiters::ChannelCondvars;
use super::{reader, threads};
use crate::error::SendError;
use crate::link::{Link, Output, PeerControl, PollReader};
use crate::session::{Hold, QueuedItem, Role};
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

/// An item, with the condition variables of the channels that it names.
type ItemAndCondvars = (QueuedItem, Vec<Arc<ChannelCondvars>>);

impl Shared {
    fn new(
        config: GatewayConfig,
        control: Arc<dyn PeerControl>,
        writer: Output,
        poll_reader: Option<Arc<dyn PollReader>>,
    ) -> Self {
        Self {
            state: Mutex::new(State::new(&config, poll_reader)),
            config,
            control,
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
        }
    }

    /// Starts a gateway over a link. `make_handle` runs before the first frame is read.
    ///
    /// # Errors
    ///
    /// The reader's thread cannot be started; then the peer is killed through the link's control.
    pub(crate) fn start<T>(
        link: Link,
        config: GatewayConfig,
        make_handle: impl FnOnce(&Arc<Self>) -> (T, Option<Weak<dyn Executor>>),
    ) -> io::Result<T> {
        let Link {
            reader,
            writer,
            control,
            poll_reader,
            content_writer,
        } = link;
        let output = Output::new(writer, content_writer);
        let shared = Arc::new(Self::new(config, control, output, poll_reader));
        // Execnet's own names: people search their logs for them.
        let name = match shared.config.role {
            Role::Initiator => "gateway",
            Role::Worker => "workergateway",
        };
        let what = format_args!("creating {name} on a link");
        trace::event(Level::Debug, &shared.config.id, what);
        // The executor is set before the reader starts: the first frame may be a call.
        let (handle, executor) = make_handle(&shared);
        if let Some(executor) = executor {
            // It cannot be set already: no other thread has seen `shared`.
            let _ = shared.executor.set(executor);
        }
        let started = threads::spawn(&shared, "reader", |shared| reader::run(shared, reader));
        // Nobody would read what the peer sends: it is killed rather than left to block in a write.
        started.inspect_err(|_| shared.control.kill())?;
        Ok(handle)
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
        let mut state = self.state.lock();
        state.lifecycle.check_alive()?;
        let opened = state.session.open();
        let id = opened.map_err(|error| state.lifecycle.open_error(error))?;
        let condvars = state.condvars_of(id);
        Ok((id, condvars))
    }

    /// Takes the next item of a channel.
    pub(crate) fn take_item(
        &self,
        state: &mut State,
        id: ChannelId,
        effects: &mut Effects,
    ) -> Option<ItemAndCondvars> {
        let queued = state.session.take_item(id)?;
        self.taken(state, id, effects);
        // Looked up while the lock is held anyway: the handles are made unlocked, and would take it once for each channel.
        let condvars = state.condvars_of_item(&queued);
        Some((queued, condvars))
    }

    /// As [`take_item`](Self::take_item), for an item that counts as unreceived until its [`Held`](super::Held) is dropped.
    pub(super) fn hold_item(
        &self,
        state: &mut State,
        id: ChannelId,
    ) -> Option<(ItemAndCondvars, Hold)> {
        let (queued, hold) = state.session.hold_item(id)?;
        let condvars = state.condvars_of_item(&queued);
        Some(((queued, condvars), hold))
    }

    /// After an item was taken: grants credit, and resumes a paused reader.
    pub(super) fn taken(&self, state: &mut State, id: ChannelId, effects: &mut Effects) {
        let grant = state.session.grant(id);
        state.post(grant, effects);
        self.make_room(state);
    }

    /// Wakes a paused reader if there is room.
    pub(super) fn make_room(&self, state: &mut State) {
        if state.paused && !state.session.is_paused() {
            // Reset here and not by the reader, so that a program that takes many items before the reader runs notifies
            // once.
            state.paused = false;
            self.room.notify_one();
        }
    }

    /// Never pauses the reader again: an exited or killed gateway must reach the end of the stream.
    pub(crate) fn never_pause(&self) {
        let mut state = self.state.lock();
        state.session.never_pause();
        self.make_room(&mut state);
    }

    /// Wakes all threads of the gateway and those that wait for its end, to look at the state again.
    pub(super) fn notify_threads(&self) {
        self.writer_wake.notify_all();
        self.callbacks_wake.notify_all();
        self.room.notify_all();
        self.ended.notify_all();
    }
}
