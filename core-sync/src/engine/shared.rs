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
use crate::link::{Control, Link, Output, Readiness};
use crate::session::{Hold, OpenError, Queued, Role};
use crate::sync::{Condvar, Deadline, Mutex, thread};
use crate::trace;

/// What the handles of a gateway, its reader and its writer thread share.
///
/// There are two locks. Who takes both takes the writer's first. The writer's is held across asking whether a
/// frame may be sent and writing it, so that nothing follows a CLOSE on the wire. Under the state's there is no
/// I/O, no decoding, and no code of the program: nor is anything of the program dropped there, which is code as well.
/// [`update`](Self::update) is the way to change the state that sees to that.
pub(crate) struct Shared {
    pub(crate) config: GatewayConfig,
    pub(crate) control: Arc<dyn Control>,
    /// Set before the first frame is read, where code is run here. It holds the gateway, not the reverse.
    pub(super) executor: OnceLock<Weak<dyn Executor>>,
    /// `None` once it is closed, or a write has failed: what is left of a frame cannot be taken back.
    pub(super) writer: Mutex<Option<Output>>,
    /// Whether it takes parts of files around memory.
    pub(crate) takes_files: bool,
    pub(crate) state: Mutex<State>,
    /// Something for the writer thread to write, or the end.
    pub(super) work: Condvar,
    /// A callback to be called, or the end.
    pub(super) calls: Condvar,
    /// Room in the inboxes for a reader that pauses.
    pub(super) room: Condvar,
    /// The end of the link, and of each thread.
    pub(super) ended: Condvar,
    /// The reader's turn.
    pub(super) turn: Condvar,
    /// No thread can be started any more, as far as the gateway sees.
    #[cfg(feature = "test-util")]
    pub(crate) no_threads: core::sync::atomic::AtomicBool,
}

/// An item, with what its channels are waited for on.
type Ringing = (Queued, Vec<Arc<ChannelCondvars>>);

impl Shared {
    fn new(
        config: GatewayConfig,
        control: Arc<dyn Control>,
        writer: Output,
        readiness: Option<Arc<dyn Readiness>>,
    ) -> Self {
        Self {
            state: Mutex::new(State::new(&config, readiness)),
            config,
            control,
            executor: OnceLock::new(),
            takes_files: writer.takes_files(),
            writer: Mutex::new(Some(writer)),
            work: Condvar::default(),
            calls: Condvar::default(),
            room: Condvar::default(),
            ended: Condvar::default(),
            turn: Condvar::default(),
            #[cfg(feature = "test-util")]
            no_threads: false.into(),
        }
    }

    /// Starts over a link; `begun` hears of it before the first frame is read.
    ///
    /// # Errors
    ///
    /// The reader's thread cannot be started; then the peer is killed through the link's control.
    pub(crate) fn start<T>(
        link: Link,
        config: GatewayConfig,
        begun: impl FnOnce(&Arc<Self>) -> (T, Option<Weak<dyn Executor>>),
    ) -> io::Result<T> {
        let Link {
            reader,
            writer,
            control,
            readiness,
            files,
        } = link;
        let output = Output::new(writer, files);
        let shared = Arc::new(Self::new(config, control, output, readiness));
        let what = match shared.config.role {
            Role::Initiator => "gateway",
            Role::Worker => "workergateway",
        };
        trace::tell(
            Level::Debug,
            &shared.config.id,
            format_args!("creating {what} on a link"),
        );
        let (handle, executor) = begun(&shared);
        if let Some(executor) = executor {
            // Nobody else has seen it yet.
            let _ = shared.executor.set(executor);
        }
        let started = threads::spawn(&shared, "reader", |shared| reader::run(shared, reader));
        if let Err(error) = started {
            shared.control.kill();
            return Err(error);
        }
        Ok(handle)
    }

    /// Waits until the link has ended and all threads are gone. False where `deadline` passes before, and in one of these
    /// threads, which cannot wait for itself.
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
        let threads = core::mem::take(&mut state.threads);
        drop(state);
        for thread in threads {
            // A panic of our own threads has been printed; there is nobody to hand it to who could act on it.
            let _ = thread.join();
        }
        true
    }

    /// Opens a channel.
    pub(crate) fn open(&self) -> Result<(ChannelId, Arc<ChannelCondvars>), SendError> {
        let mut state = self.state.lock();
        state.check_alive()?;
        let id = match state.session.open() {
            Ok(id) => id,
            Err(OpenError::IdsUsedUp) => return Err(SendError::IdsUsedUp),
            Err(OpenError::LinkEnd) => {
                return Err(SendError::Disconnected(state.disconnect_reason()));
            }
        };
        let bell = state.bell_of(id);
        Ok((id, bell))
    }

    /// Takes the next item of a channel.
    pub(crate) fn take_item(
        &self,
        state: &mut State,
        id: ChannelId,
        effects: &mut Effects,
    ) -> Option<Ringing> {
        let queued = state.session.take_item(id)?;
        self.taken(state, id, effects);
        let bells = state.bells_of(&queued);
        Some((queued, bells))
    }

    /// As [`take_item`](Self::take_item), for an item that counts as waiting until [`Held`](super::Held) is dropped.
    pub(super) fn hold_item(&self, state: &mut State, id: ChannelId) -> Option<(Ringing, Hold)> {
        let (queued, hold) = state.session.hold_item(id)?;
        let bells = state.bells_of(&queued);
        Some(((queued, bells), hold))
    }

    /// There is room for an item more.
    pub(super) fn taken(&self, state: &mut State, id: ChannelId, effects: &mut Effects) {
        let grant = state.session.grant(id);
        state.post(grant, effects);
        self.make_room(state);
    }

    /// Lets a reader that pauses go on, where there is room.
    pub(super) fn make_room(&self, state: &mut State) {
        if state.paused && !state.session.is_paused() {
            state.paused = false;
            self.room.notify_one();
        }
    }

    /// The reader pauses no more: the end of the stream has to be seen.
    pub(crate) fn read_on(&self) {
        let mut state = self.state.lock();
        state.session.never_pause();
        self.make_room(&mut state);
    }

    /// Something happened that a thread of the gateway, or who waits for its end, goes on for.
    pub(super) fn notify_threads(&self) {
        self.work.notify_all();
        self.calls.notify_all();
        self.room.notify_all();
        self.ended.notify_all();
    }
}
