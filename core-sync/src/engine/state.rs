//! The part of a gateway that is under the state's lock.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use execnet_serializer::ChannelId;

use super::config::GatewayConfig;
use super::effects::Effects;
use super::link_input::LinkInput;
use super::read_handoff::ReadRole;
use super::threads::OnDemandThread;
use super::waiters::{ChannelWaiters, WaitFor};
use super::writer::WriteQueue;
use crate::disconnected::{DisconnectReason, Disconnected, SharedError};
use crate::lifecycle::Lifecycle;
use crate::link::{LinkReader, PollReader};
use crate::session::Session;
use crate::sync::thread::JoinHandle;

/// Guarded by the state's lock.
pub(crate) struct State {
    pub(crate) session: Session<ChannelWaiters>,
    pub(crate) lifecycle: Lifecycle,
    pub(super) read_role: ReadRole,
    pub(super) write_queue: WriteQueue,
    pub(super) writer_thread: OnDemandThread,
    /// Channels with a callback to run, each once: see `Delivery`.
    pub(super) callback_queue: VecDeque<ChannelId>,
    pub(super) callback_thread: OnDemandThread,
    /// The reader waits for room in the inboxes: a thread that makes room has to notify it.
    pub(super) paused: bool,
    // Counted beside `threads`, because a `JoinHandle` cannot be waited for with a timeout: `join` waits for the count to
    // become zero, and joins when that cannot block any more.
    pub(super) running_threads: usize,
    pub(super) threads: Vec<JoinHandle<()>>,
}

impl State {
    pub(super) fn new(
        config: &GatewayConfig,
        reader: LinkReader,
        poll_reader: Option<Arc<dyn PollReader>>,
    ) -> Self {
        let session = Session::new(config.role, config.max_peer_channels)
            .with_limits(config.inbox)
            .with_credit(config.credit)
            .with_exec_model(config.exec_model.as_str());
        let input = Box::new(LinkInput::new(reader, config.max_frame));
        let read_role = ReadRole::new(input, poll_reader, config.inbox.overflow);
        Self {
            session,
            lifecycle: Lifecycle::default(),
            read_role,
            write_queue: WriteQueue::default(),
            writer_thread: OnDemandThread::default(),
            callback_queue: VecDeque::new(),
            callback_thread: OnDemandThread::default(),
            paused: false,
            running_threads: 0,
            threads: Vec::new(),
        }
    }

    /// The link has ended: ends all channels, and wakes all threads that wait on them.
    pub(super) fn disconnect(
        &mut self,
        reason: DisconnectReason,
        cause: Option<SharedError>,
        runs_code: bool,
        effects: &mut Effects,
    ) -> Disconnected {
        // Under the same lock as the end of the channels: a thread that finds its channel ended finds the reason as well.
        let lost = self.lifecycle.disconnect(reason, cause, runs_code);
        self.session.end();
        // In one pass and without lookups: there can be tens of thousands of channels, and every thread waits for this
        // lock.
        let mut called = Vec::new();
        for (id, waiters) in self.session.all_waiters() {
            if waiters.notify(WaitFor::End, &mut effects.notifications) {
                called.push(id);
            }
        }
        for id in called {
            self.queue_callback(id, effects);
        }
        // A receiver with a read lease sleeps in `poll`, where no condition variable reaches it. It can hold the lease even
        // now: a reader that cannot start a thread ends while the input is lent out.
        self.interrupt_reader(effects);
        lost
    }

    /// Wakes the threads that wait for credit: nothing can be sent any more.
    pub(super) fn notify_senders(&mut self, effects: &mut Effects) {
        for (_, waiters) in self.session.all_waiters() {
            waiters.notify(WaitFor::Room, &mut effects.notifications);
        }
    }
}
