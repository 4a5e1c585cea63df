use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::config::GatewayConfig;
use super::effects::Effects;
use super::read_handoff::ReadRole;
use super::threads::OnDemandThread;
use super::waiters::{ChannelCondvars, ChannelWaiters, WaitFor};
use super::writer::WriteQueue;
use crate::disconnected::{DisconnectReason, Disconnected};
use crate::error::{SendError, WaitCloseError};
use crate::link::PollReader;
use crate::session::{NextItem, QueuedItem, Session};
use crate::sync::thread::JoinHandle;

/// Guarded by the state's lock.
pub(crate) struct State {
    pub(crate) session: Session<ChannelWaiters>,
    pub(super) read_role: ReadRole,
    /// Set by the reader when it has stopped, and never reset.
    pub(crate) disconnected: Option<Disconnected>,
    /// The peer sends no more, but code that runs here may still send: the link has ended one way only.
    pub(super) half_closed: bool,
    /// This side has exited: nothing is sent behind the last frame in the queue.
    pub(super) exiting: bool,
    pub(super) write_queue: WriteQueue,
    pub(super) writer_thread: OnDemandThread,
    /// Channels with a callback to run, each once: see `Delivery`.
    pub(super) callback_queue: VecDeque<ChannelId>,
    pub(super) callback_thread: OnDemandThread,
    /// The reader waits for room in the inboxes, so that whoever makes room has to notify it.
    pub(super) paused: bool,
    pub(super) running_threads: usize,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl State {
    pub(super) fn new(config: &GatewayConfig, poll_reader: Option<Arc<dyn PollReader>>) -> Self {
        let session = Session::new(config.role, config.max_peer_channels)
            .with_limits(config.inbox)
            .with_credit(config.credit);
        let write_queue = WriteQueue::new(config.exec_model.as_str());
        let read_role = ReadRole::new(poll_reader, config.inbox.overflow);
        Self {
            session,
            read_role,
            disconnected: None,
            half_closed: false,
            exiting: false,
            write_queue,
            writer_thread: OnDemandThread::default(),
            callback_queue: VecDeque::new(),
            callback_thread: OnDemandThread::default(),
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

    /// The link has ended: ends all channels, and wakes all threads that wait on them.
    pub(super) fn disconnect(&mut self, why: Disconnected, effects: &mut Effects) {
        self.disconnected = Some(why);
        self.session.end();
        // In one pass and without lookups: there can be tens of thousands of channels, and every thread waits for this lock.
        let mut called = Vec::new();
        for (id, waiters) in self.session.all_waiters() {
            if waiters.notify(WaitFor::End, &mut effects.notifications) {
                called.push(id);
            }
        }
        for id in called {
            self.call(id, effects);
        }
        self.interrupt_reader(effects);
    }

    /// Wakes the threads that wait for credit: nothing can be sent any more.
    pub(super) fn notify_senders(&mut self, effects: &mut Effects) {
        for (_, waiters) in self.session.all_waiters() {
            waiters.notify(WaitFor::Room, &mut effects.notifications);
        }
    }

    /// Changes the counts of a channel. One that has left the session needs none: it has ended, and nobody notifies.
    pub(super) fn count(&mut self, id: ChannelId, change: impl FnOnce(&mut ChannelWaiters)) {
        if let Some(waiters) = self.session.waiters(id) {
            change(waiters);
        }
    }

    /// Whether a callback takes the items of the channel.
    pub(crate) fn has_callback(&mut self, id: ChannelId) -> bool {
        let waiters = self.session.waiters(id);
        waiters.is_some_and(|waiters| waiters.has_callback())
    }

    /// How the channel ended; `None` while it is open, or its callback has not seen the end.
    pub(crate) fn end_of(&mut self, id: ChannelId) -> Option<Result<(), WaitCloseError>> {
        if let Some(waiters) = self.session.waiters(id) {
            if waiters.is_called() {
                return None;
            }
            if let Some(error) = waiters.callback_error() {
                return Some(Err(WaitCloseError::Callback(error.clone())));
            }
        }
        match self.session.take_end(id) {
            NextItem::Error(error) => Some(Err(WaitCloseError::Remote(error))),
            NextItem::Overflow(overflow) => Some(Err(WaitCloseError::Overflow(overflow))),
            NextItem::LinkEnd => Some(Err(WaitCloseError::Disconnected(self.disconnect_reason()))),
            NextItem::End => Some(Ok(())),
            _ => None,
        }
    }

    /// The condition variables of the channels that an item names.
    pub(super) fn condvars_of_item(&mut self, queued: &QueuedItem) -> Vec<Arc<ChannelCondvars>> {
        let references = queued.references.iter();
        references.map(|&id| self.condvars_of(id)).collect()
    }

    /// The condition variables of a channel.
    pub(crate) fn condvars_of(&mut self, id: ChannelId) -> Arc<ChannelCondvars> {
        let waiters = self.session.waiters(id);
        waiters
            .map(|waiters| waiters.condvars())
            .unwrap_or_default()
    }
}
