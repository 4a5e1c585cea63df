use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::config::GatewayConfig;
use super::effects::Effects;
use super::outbox::Outbox;
use super::read_handoff::ReadRole;
use super::threads::OnDemandThread;
use super::waiters::{ChannelCondvars, ChannelWaiters, WaitFor};
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::{SendError, WaitCloseError};
use crate::link::Readiness;
use crate::session::{Queued, Session, Taken};
use crate::sync::thread::JoinHandle;

/// What the state's lock guards.
pub(crate) struct State {
    pub(crate) session: Session<ChannelWaiters>,
    pub(super) reading: ReadRole,
    /// Set by the reader, when it has stopped.
    pub(crate) disconnected: Option<Disconnected>,
    /// The peer sends no more, but code that runs here may still send.
    pub(super) half_closed: bool,
    /// This side has called exit: nothing more is sent.
    pub(super) exiting: bool,
    pub(super) outbox: Outbox,
    pub(super) writer_thread: OnDemandThread,
    /// Channels whose callback is to be called, each once.
    pub(super) due_calls: VecDeque<ChannelId>,
    pub(super) caller: OnDemandThread,
    /// The reader waits for room in the inboxes.
    pub(super) paused: bool,
    pub(super) running_threads: usize,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl State {
    pub(super) fn new(config: &GatewayConfig, readiness: Option<Arc<dyn Readiness>>) -> Self {
        let session = Session::new(config.role, config.max_peer_channels)
            .with_limits(config.inbox)
            .with_credit(config.credit);
        let outbox = Outbox::new(config.exec_model.as_str());
        let reading = ReadRole::new(readiness, config.inbox.overflow);
        Self {
            session,
            reading,
            disconnected: None,
            half_closed: false,
            exiting: false,
            outbox,
            writer_thread: OnDemandThread::default(),
            due_calls: VecDeque::new(),
            caller: OnDemandThread::default(),
            paused: false,
            running_threads: 0,
            threads: Vec::new(),
        }
    }

    /// Whether frames may still be sent.
    pub(crate) fn check_alive(&mut self) -> Result<(), SendError> {
        if self.exiting || (self.disconnected.is_some() && !self.half_closed) {
            return Err(SendError::Disconnected(self.disconnect_reason()));
        }
        Ok(())
    }

    /// Why the gateway cannot be used any more.
    pub(crate) fn disconnect_reason(&self) -> Disconnected {
        let exited = || Disconnected::new(DisconnectReason::Exited, None);
        self.disconnected.clone().unwrap_or_else(exited)
    }

    /// The link has ended: ends all channels, and tells who waits.
    pub(super) fn disconnect(&mut self, why: Disconnected, effects: &mut Effects) {
        self.disconnected = Some(why);
        self.session.end();
        // In one pass: there can be tens of thousands of channels, and nobody gets on before the lock is free.
        let mut called = Vec::new();
        for (id, waker) in self.session.wakers() {
            if waker.ring(WaitFor::End, &mut effects.wakes) {
                called.push(id);
            }
        }
        for id in called {
            self.call(id, effects);
        }
        self.call_away(effects);
    }

    /// Nothing can be sent any more: who waits to send is told.
    pub(super) fn ring_senders(&mut self, effects: &mut Effects) {
        for (_, waker) in self.session.wakers() {
            waker.ring(WaitFor::Room, &mut effects.wakes);
        }
    }

    /// Counts a thread that waits on the channel, in or out.
    pub(super) fn count(&mut self, id: ChannelId, change: impl FnOnce(&mut ChannelWaiters)) {
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
            Taken::LinkEnd => Some(Err(WaitCloseError::Disconnected(self.disconnect_reason()))),
            Taken::End => Some(Ok(())),
            _ => None,
        }
    }

    /// What the channels that an item names are waited for on.
    pub(super) fn bells_of(&mut self, queued: &Queued) -> Vec<Arc<ChannelCondvars>> {
        let references = queued.references.iter();
        references.map(|&id| self.bell_of(id)).collect()
    }

    /// What a handle of the channel waits on.
    pub(crate) fn bell_of(&mut self, id: ChannelId) -> Arc<ChannelCondvars> {
        let waker = self.session.waker(id);
        waker.map(|waker| waker.bell()).unwrap_or_default()
    }
}
