use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::OnceLock;

use execnet_serializer::ChannelId;
use log::Level;

use super::GatewayConfig;
use super::after::After;
use super::executor::Executor;
use super::info::RemoteInfo;
use super::outbox::Outbox;
use super::threads::Duty;
use super::turn::Reading;
use super::waker::{Bell, Ring, Waker};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::{SendError, WaitCloseError};
use crate::frame::MessageCode;
use crate::link::{Control, LinkWriter, Readiness, write_frame};
use crate::session::{OpenError, Queued, Sending, Session, Taken, empty};
use crate::sync::thread::JoinHandle;
use crate::sync::{Condvar, Deadline, Guard, Mutex};
use crate::trace;

/// How long a sender whose write failed waits for the reader to find out why.
const VERDICT: Duration = Duration::from_secs(1);

/// What the handles of a gateway, its reader and its dispatcher share.
///
/// There are two locks. Who takes both takes the writer's first. The writer's is held across asking whether a
/// frame may be sent and writing it, so that nothing follows a CLOSE on the wire. Under the state's there is no
/// I/O, no decoding, and no code of the program.
pub(crate) struct Shared {
    pub(crate) config: GatewayConfig,
    pub(crate) control: Arc<dyn Control>,
    /// Set before the first frame is read, where code is run here. It holds the gateway, not the reverse.
    pub(super) executor: OnceLock<Weak<dyn Executor>>,
    /// `None` once it is closed, or a write has failed: what is left of a frame cannot be taken back.
    writer: Mutex<Option<LinkWriter>>,
    pub(crate) state: Mutex<State>,
    /// Something for the dispatcher to write, or the end.
    pub(super) work: Condvar,
    /// A callback to be called, or the end.
    pub(super) calls: Condvar,
    /// Room in the inboxes for a reader that pauses.
    pub(super) room: Condvar,
    /// The end of the link, and of each thread.
    pub(super) ended: Condvar,
    /// The reader's turn.
    pub(super) turn: Condvar,
}

pub(crate) struct State {
    pub(crate) session: Session<Waker>,
    pub(super) reading: Reading,
    /// Set by the reader, when it has stopped.
    pub(crate) disconnected: Option<Disconnected>,
    /// The peer sends no more, but code that runs here may still send.
    pub(super) lingering: bool,
    /// This side has called exit: nothing more is sent.
    pub(super) exiting: bool,
    pub(super) outbox: Outbox,
    pub(super) dispatcher: Duty,
    /// Channels whose callback is to be called, each once.
    pub(super) due_calls: VecDeque<ChannelId>,
    pub(super) caller: Duty,
    /// The reader waits for room in the inboxes.
    pub(super) paused: bool,
    /// What the peer said of itself.
    pub(super) info: Option<RemoteInfo>,
    pub(super) running_threads: usize,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl Shared {
    pub(super) fn new(
        config: GatewayConfig,
        control: Arc<dyn Control>,
        writer: LinkWriter,
        readiness: Option<Arc<dyn Readiness>>,
    ) -> Self {
        let session = Session::new(config.role, config.max_peer_channels)
            .with_limits(config.inbox)
            .with_credit(config.credit);
        let outbox = Outbox::new(config.execmodel.as_str());
        let reading = Reading::new(readiness, config.inbox.overflow);
        Self {
            config,
            control,
            executor: OnceLock::new(),
            writer: Mutex::new(Some(writer)),
            state: Mutex::new(State {
                session,
                reading,
                disconnected: None,
                lingering: false,
                exiting: false,
                outbox,
                dispatcher: Duty::default(),
                due_calls: VecDeque::new(),
                caller: Duty::default(),
                paused: false,
                info: None,
                running_threads: 0,
                threads: Vec::new(),
            }),
            work: Condvar::default(),
            calls: Condvar::default(),
            room: Condvar::default(),
            ended: Condvar::default(),
            turn: Condvar::default(),
        }
    }

    /// Opens a channel.
    pub(crate) fn open(&self) -> Result<(ChannelId, Arc<Bell>), SendError> {
        let mut state = self.state.lock();
        state.check_alive()?;
        let id = match state.session.open() {
            Ok(id) => id,
            Err(OpenError::IdsUsedUp) => return Err(SendError::IdsUsedUp),
            Err(OpenError::LinkEnd) => return Err(SendError::Disconnected(state.verdict())),
        };
        let bell = state.bell_of(id);
        Ok((id, bell))
    }

    /// Writes frames with items that cost so much, if the channel still takes items; waits where the peer has to
    /// receive others first.
    pub(crate) fn send_on(
        &self,
        id: ChannelId,
        bell: &Bell,
        frames: &[u8],
        cost: usize,
    ) -> Result<(), SendError> {
        loop {
            let writer = self.writer.lock();
            let mut state = self.state.lock();
            match state.session.sending(id) {
                Sending::Closed => return Err(SendError::Closed),
                Sending::Now => {
                    state.check_alive()?;
                    state.session.spend(id, cost);
                    state.reading.sends();
                    return self.write_with_outbox(writer, state, frames);
                }
                Sending::Wait => {
                    state.check_alive()?;
                    if state.disconnected.is_some() {
                        // Who sends no more gives no credit either.
                        return Err(SendError::Disconnected(state.verdict()));
                    }
                    // Others can write meanwhile.
                    drop(writer);
                    drop(bell.wait_room(self, state, id));
                }
            }
        }
    }

    /// Writes a frame, if the gateway is alive.
    pub(crate) fn send(&self, frame: &[u8]) -> Result<(), SendError> {
        let writer = self.writer.lock();
        let mut state = self.state.lock();
        state.check_alive()?;
        self.write_with_outbox(writer, state, frame)
    }

    /// Writes what others left behind, then `frames`.
    fn write_with_outbox(
        &self,
        mut writer: Guard<'_, Option<LinkWriter>>,
        mut state: Guard<'_, State>,
        frames: &[u8],
    ) -> Result<(), SendError> {
        let before = state.outbox.take();
        drop(state);
        let joined;
        let frames = if before.is_empty() {
            frames
        } else {
            joined = [&before, frames].concat();
            &joined
        };
        let written = self.write(&mut writer, frames);
        drop(writer);
        match written {
            Ok(()) => {
                trace::frames(&self.config.id, "sent", frames);
                Ok(())
            }
            Err(failure) => Err(SendError::Disconnected(self.verdict_on(failure))),
        }
    }

    /// Writes what was left behind for whoever writes. True where nothing is to be written any more.
    pub(super) fn flush(&self) -> bool {
        let mut writer = self.writer.lock();
        let (frames, last) = {
            let mut state = self.state.lock();
            (state.outbox.take(), state.outbox.is_last())
        };
        if !frames.is_empty() {
            // A peer that is gone wants no answer; the reader will notice.
            let _ = self.write(&mut writer, &frames);
        }
        if last {
            *writer = None;
        }
        drop(writer);
        trace::frames(&self.config.id, "sent", &frames);
        last
    }

    /// Closes a channel from this side: `frame` says so to the peer, unless it knows.
    ///
    /// It does not wait for the link: what was sent before is on its way, and nothing can be sent any more, so that
    /// whoever writes next can write the frame.
    pub(crate) fn close(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        let mut after = After::default();
        {
            let mut state = self.state.lock();
            if state.session.close(id) {
                state.post_frames(frame, &mut after);
                state.ring(id, Ring::End, &mut after);
            }
        }
        // Where no thread can be started, it was written by this one; callbacks then hear of the end no more.
        let _ = self.follow(after);
    }

    /// Gives up a handle of a channel, and closes what it alone kept alive. It does not wait for the link.
    pub(crate) fn release(self: &Arc<Self>, id: ChannelId) {
        let mut after = After::default();
        let unheard = {
            let mut state = self.state.lock();
            let unheard = state.session.unheard(id).cloned();
            let due = state.session.release(id);
            state.post(due, &mut after);
            self.make_room(&mut state);
            unheard
        };
        if let Some(error) = unheard {
            let text = error.text().escape_debug();
            let what = format_args!("unhandled RemoteError of channel {}: {text}", id.0);
            trace::tell(Level::Warn, &self.config.id, what);
        }
        // As in `close`.
        let _ = self.follow(after);
    }

    /// Takes the next item of a channel, with what its channels are waited for on.
    pub(crate) fn take_item(
        &self,
        state: &mut State,
        id: ChannelId,
        after: &mut After,
    ) -> Option<(Queued, Vec<Arc<Bell>>)> {
        let queued = state.session.take_item(id)?;
        let grant = state.session.grant(id);
        state.post(grant, after);
        self.make_room(state);
        let references = queued.references.iter();
        let bells = references.map(|&id| state.bell_of(id)).collect();
        Some((queued, bells))
    }

    /// Lets a reader that pauses go on, where there is room.
    pub(super) fn make_room(&self, state: &mut State) {
        if state.paused && !state.session.is_paused() {
            state.paused = false;
            self.room.notify_one();
        }
    }

    /// Winds the gateway down from this side.
    pub(super) fn exit(self: &Arc<Self>) {
        let mut after = After::default();
        {
            let mut state = self.state.lock();
            if state.disconnected.is_some() || state.exiting {
                return;
            }
            // Not from here: the pipe can be full, or held by a sender that waits for a peer which does not read.
            if let Ok(frame) = empty(MessageCode::GatewayTerminate, ChannelId(0)) {
                state.outbox.push(&frame);
            }
            state.outbox.end();
            state.rouse_dispatcher(&mut after);
            state.exiting = true;
            state.ring_senders(&mut after);
        }
        trace::tell(Level::Debug, &self.config.id, format_args!("exiting"));
        self.read_on();
        // Where no thread can be started, it was written by this one.
        let _ = self.follow(after);
    }

    /// The reader pauses no more: the end of the stream has to be seen.
    pub(super) fn read_on(&self) {
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

    /// As [`close`](Self::close), but waits for the link: for a thread that has nothing better to do.
    pub(crate) fn close_now(self: &Arc<Self>, id: ChannelId, frame: &[u8]) {
        let mut after = After::default();
        {
            let mut state = self.state.lock();
            if state.session.close(id) {
                if state.check_alive().is_ok() {
                    state.outbox.push(frame);
                }
                state.ring(id, Ring::End, &mut after);
            }
        }
        // As in `close`.
        let _ = self.follow(after);
        self.flush();
    }

    /// Closes the writing end without a word.
    pub(super) fn close_writer(&self) {
        *self.writer.lock() = None;
    }

    fn write(
        &self,
        writer: &mut Guard<'_, Option<LinkWriter>>,
        frame: &[u8],
    ) -> Result<(), Option<std::io::Error>> {
        let open = writer.as_mut().ok_or(None)?;
        write_frame(open, frame).map_err(|error| {
            **writer = None;
            Some(error)
        })
    }

    /// Why writing failed, in the words of the reader if it learns of the end in time.
    fn verdict_on(&self, failure: Option<std::io::Error>) -> Disconnected {
        let deadline = Deadline::after(VERDICT);
        let mut state = self.state.lock();
        while state.disconnected.is_none() && !deadline.has_passed() {
            state = self.wait(&self.ended, state, deadline);
        }
        match (&state.disconnected, failure) {
            (None, Some(error)) => Disconnected::new(DisconnectReason::Write(error.into()), None),
            _ => state.verdict(),
        }
    }
}

impl State {
    /// Whether frames may still be sent.
    pub(crate) fn check_alive(&mut self) -> Result<(), SendError> {
        if self.exiting || (self.disconnected.is_some() && !self.lingering) {
            return Err(SendError::Disconnected(self.verdict()));
        }
        Ok(())
    }

    /// Why the gateway cannot be used any more.
    pub(crate) fn verdict(&self) -> Disconnected {
        let exited = || Disconnected::new(DisconnectReason::Exited, None);
        self.disconnected.clone().unwrap_or_else(exited)
    }

    /// The link has ended: ends all channels, and tells who waits.
    pub(super) fn disconnect(&mut self, why: Disconnected, after: &mut After) {
        self.disconnected = Some(why);
        self.session.end();
        let ids: Vec<_> = self.session.wakers().map(|(id, _)| id).collect();
        for id in ids {
            self.ring(id, Ring::End, after);
        }
    }

    /// Nothing can be sent any more: who waits to send is told.
    fn ring_senders(&mut self, after: &mut After) {
        for (_, waker) in self.session.wakers() {
            waker.ring(Ring::Room, &mut after.wakes);
        }
    }

    /// Counts a thread that waits on the channel, in or out.
    pub(super) fn count(&mut self, id: ChannelId, change: impl FnOnce(&mut Waker)) {
        if let Some(waker) = self.session.waker(id) {
            change(waker);
        }
    }

    /// Whether a callback takes the items of the channel.
    pub(crate) fn has_callback(&mut self, id: ChannelId) -> bool {
        let waker = self.session.waker(id);
        waker.is_some_and(|waker| waker.has_callback())
    }

    /// How the channel ended; `None` while it goes on, and while its callback does.
    pub(crate) fn end_of(&mut self, id: ChannelId) -> Option<Result<(), WaitCloseError>> {
        if let Some(waker) = self.session.waker(id) {
            if waker.is_called() {
                return None;
            }
            if let Some(error) = waker.callback_error() {
                return Some(Err(WaitCloseError::Callback(error.clone())));
            }
        }
        match self.session.take_end(id) {
            Taken::Error(error) => Some(Err(WaitCloseError::Remote(error))),
            Taken::Overflow(overflow) => Some(Err(WaitCloseError::Overflow(overflow))),
            Taken::LinkEnd => Some(Err(WaitCloseError::Disconnected(self.verdict()))),
            Taken::End => Some(Ok(())),
            _ => None,
        }
    }

    /// What a handle of the channel waits on.
    pub(crate) fn bell_of(&mut self, id: ChannelId) -> Arc<Bell> {
        let waker = self.session.waker(id);
        waker.map(|waker| waker.bell()).unwrap_or_default()
    }
}
