use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::OnceLock;
use std::thread::JoinHandle;

use execnet_serializer::ChannelId;

use super::GatewayConfig;
use super::executor::Executor;
use super::waker::{Bell, Wake, Waker};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::SendError;
use crate::frame::MessageCode;
use crate::link::{Control, LinkWriter, write_frame};
use crate::session::{OpenError, Reply, Session, empty};
use crate::sync::{Condvar, Deadline, Guard, Mutex};

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
    /// A job for the dispatcher, or the end.
    pub(super) work: Condvar,
    /// The end of the link, and of each thread.
    pub(super) ended: Condvar,
}

pub(crate) struct State {
    pub(crate) session: Session<Waker>,
    /// Set by the reader, when it has stopped.
    pub(crate) disconnected: Option<Disconnected>,
    /// The peer sends no more, but code that runs here may still send.
    pub(super) lingering: bool,
    /// This side has called exit: nothing more is sent.
    pub(super) exiting: bool,
    pub(super) jobs: VecDeque<Job>,
    pub(super) dispatching: bool,
    pub(super) running_threads: usize,
    pub(super) threads: Vec<JoinHandle<()>>,
}

/// What the dispatcher does in place of a thread that must not wait for the writer.
pub(super) enum Job {
    Reply(Reply),
    /// Say that this side winds down, and close the writing end.
    Terminate,
}

impl Shared {
    pub(super) fn new(
        config: GatewayConfig,
        control: Arc<dyn Control>,
        writer: LinkWriter,
    ) -> Self {
        let session = Session::new(config.role, config.max_peer_channels);
        Self {
            config,
            control,
            executor: OnceLock::new(),
            writer: Mutex::new(Some(writer)),
            state: Mutex::new(State {
                session,
                disconnected: None,
                lingering: false,
                exiting: false,
                jobs: VecDeque::new(),
                dispatching: false,
                running_threads: 0,
                threads: Vec::new(),
            }),
            work: Condvar::default(),
            ended: Condvar::default(),
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

    /// Writes an item's frame, if the channel still takes items.
    pub(crate) fn send_on(&self, id: ChannelId, frame: &[u8]) -> Result<(), SendError> {
        self.write_if(frame, |state| match state.session.may_send(id) {
            true => state.check_alive(),
            false => Err(SendError::Closed),
        })
    }

    /// Writes a frame, if the gateway is alive.
    pub(crate) fn send(&self, frame: &[u8]) -> Result<(), SendError> {
        self.write_if(frame, |state| state.check_alive())
    }

    fn write_if(
        &self,
        frame: &[u8],
        allow: impl FnOnce(&mut State) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        let mut writer = self.writer.lock();
        allow(&mut self.state.lock())?;
        self.write(&mut writer, frame).map_err(|failure| {
            drop(writer);
            SendError::Disconnected(self.verdict_on(failure))
        })
    }

    /// Closes a channel from this side: `frame` says so to the peer, unless it knows.
    pub(crate) fn close(&self, id: ChannelId, frame: &[u8]) {
        let mut writer = self.writer.lock();
        let (tell, wake) = {
            let mut state = self.state.lock();
            let tell = state.session.close(id) && state.check_alive().is_ok();
            (
                tell,
                state.session.waker(id).and_then(|waker| waker.ended()),
            )
        };
        if tell {
            // Where it cannot be written the peer is gone, and the channel is closed all the same.
            let _ = self.write(&mut writer, frame);
        }
        drop(writer);
        wake.into_iter().for_each(Wake::notify);
    }

    /// Gives up a handle of a channel, and closes what it alone kept alive.
    pub(crate) fn release(&self, id: ChannelId) {
        {
            let mut state = self.state.lock();
            if state.check_alive().is_err() || state.session.release_is_silent(id) {
                state.session.release(id);
                return;
            }
        }
        let mut writer = self.writer.lock();
        let closes = {
            let mut state = self.state.lock();
            let closes = state.session.release(id);
            if state.check_alive().is_ok() {
                closes
            } else {
                Vec::new()
            }
        };
        for id in closes {
            if let Ok(frame) = empty(MessageCode::ChannelClose, id) {
                // See `close`.
                let _ = self.write(&mut writer, &frame);
            }
        }
    }

    /// Does a job of the dispatcher.
    pub(super) fn perform(&self, job: Job) {
        match job {
            Job::Reply(reply) => {
                if let Ok(frames) = reply.to_bytes(self.config.execmodel.as_str()) {
                    // A peer that is gone wants no answer; the reader will notice.
                    let _ = self.send(&frames);
                }
            }
            Job::Terminate => {
                let mut writer = self.writer.lock();
                if let Ok(frame) = empty(MessageCode::GatewayTerminate, ChannelId(0)) {
                    let _ = self.write(&mut writer, &frame);
                }
                *writer = None;
            }
        }
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
            state = self.ended.wait(state, deadline);
        }
        match (&state.disconnected, failure) {
            (None, Some(error)) => Disconnected::new(DisconnectReason::Write(error), None),
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

    /// The link has ended: ends all channels, and gives who is to be told.
    pub(super) fn disconnect(&mut self, why: Disconnected) -> Vec<Wake> {
        self.disconnected = Some(why);
        self.session.end();
        self.session
            .wakers()
            .filter_map(|waker| waker.ended())
            .collect()
    }

    /// Counts a thread that waits on the channel, in or out.
    pub(super) fn count(&mut self, id: ChannelId, change: impl FnOnce(&mut Waker)) {
        if let Some(waker) = self.session.waker(id) {
            change(waker);
        }
    }

    /// What a handle of the channel waits on.
    pub(crate) fn bell_of(&mut self, id: ChannelId) -> Arc<Bell> {
        let waker = self.session.waker(id);
        waker.map(|waker| waker.bell()).unwrap_or_default()
    }
}
