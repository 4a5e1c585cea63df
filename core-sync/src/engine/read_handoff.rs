//! Reader hand-over: which thread reads the link.
//!
//! There is one [`LinkInput`], and the thread that owns it reads. As a rule that is the reader thread. In a ping-pong
//! of two ends, however, waking the reader only for it to wake the receiver costs half of a round trip. So if the only
//! thread that waits on the gateway waits for an item, and the link can be polled, the reader leaves the input in
//! [`ReadRole`], and the receiver takes a [`ReadLease`] on it and reads by itself. It puts the input back when it has
//! its item, and usually takes it again soon. The reader takes the input back if that does not happen within a delay,
//! and at once if another thread waits for something else: a receiver reads only until it has its own item.
//!
//! ```text
//!                    lease (one receiver waits)              take
//!   reader reads ─────────────────────────────▶ input free ───────────▶ receiver reads
//!        ▲                                       │      ▲                    │
//!        └── await_input: wanted, or no lease ───┘      └───── give_back ────┘
//!            since the last look
//! ```

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use execnet_serializer::ChannelId;

use super::effects::Effects;
use super::link_input::LinkInput;
use super::shared::Shared;
use super::state::State;
use super::waiters::{ChannelCondvars, WaitFor};
use crate::disconnected::DisconnectReason;
use crate::link::PollReader;
use crate::session::OverflowPolicy;
use crate::sync::{Condvar, Deadline, Guard};

/// The reader takes a free input back after one to two times this delay. With a shorter one, a program that computes for a
/// moment between two items loses the lease. With a longer one, frames that no thread waits for (a request for the status)
/// stay unread for longer.
const HANDBACK_DELAY: Duration = Duration::from_millis(1);

/// The state of the hand-over, under the state's lock.
#[derive(Default)]
pub(super) struct ReadRole {
    /// `None` while a thread owns it.
    input: Option<Box<LinkInput>>,
    /// `None` if receivers cannot read: the link cannot be polled, or inboxes pause the reader.
    poll_reader: Option<Arc<dyn PollReader>>,
    /// The channel whose receiver reads.
    receiver: Option<ChannelId>,
    // Without it a receiver that is already running could take the input again before the reader, which has to be woken
    // first, and so keep it from the reader for ever.
    /// The reader has to take the input next: no receiver may.
    wanted: bool,
    /// Number of leases that receivers have taken, so that the reader sees whether there was one since its last look.
    leases: usize,
    /// The reader sleeps without a deadline: whoever gives the input back has to notify it.
    asleep: bool,
    /// This side has sent items since [`take_sent`](Self::take_sent).
    sent: bool,
    /// Number of threads that wait for something that frames bring, and do not read.
    waiting: usize,
}

impl ReadRole {
    /// The reader thread takes the input first.
    pub(super) fn new(
        input: Box<LinkInput>,
        poll_reader: Option<Arc<dyn PollReader>>,
        overflow: OverflowPolicy,
    ) -> Self {
        Self {
            input: Some(input),
            wanted: true,
            // A full inbox pauses the thread that reads. A receiver that paused for another channel's inbox could wait for
            // ever: it may be the thread that would empty that inbox.
            poll_reader: poll_reader.filter(|_| overflow != OverflowPolicy::Pause),
            ..Self::default()
        }
    }

    /// The reader offers the input to the receiver that has just got an item, if no other thread waits. Returns the
    /// input if the reader keeps it.
    pub(super) fn lease(
        &mut self,
        input: Box<LinkInput>,
        effects: &Effects,
    ) -> Option<Box<LinkInput>> {
        let lends = self.poll_reader.is_some()
            && self.waiting == 1
            && effects.notifications.has_item()
            && input.is_leasable();
        if !lends {
            return Some(input);
        }
        // Under the lock under which the item was queued: the receiver wakes to find both the item and the input.
        self.wanted = false;
        self.input = Some(input);
        None
    }

    /// Records that this side sends items: only an answer to them counts as ping-pong.
    pub(super) fn note_sent(&mut self) {
        self.sent = true;
    }

    /// Returns whether this side has sent items since the last call.
    pub(super) fn take_sent(&mut self) -> bool {
        core::mem::take(&mut self.sent)
    }

    /// What interrupts the receiver of this channel, if it is the one that reads: it sleeps in `poll`, where no condition
    /// variable reaches it.
    pub(super) fn reads_for(&self, id: ChannelId) -> Option<Arc<dyn PollReader>> {
        self.poll_reader
            .clone()
            .filter(|_| self.receiver == Some(id))
    }

    /// What interrupts the receiver that reads, whatever its channel.
    pub(super) fn reads(&self) -> Option<Arc<dyn PollReader>> {
        self.poll_reader.clone().filter(|_| self.receiver.is_some())
    }

    /// Takes a lease for the receiver of a channel. None if the reader has the input or has to get it, or if another thread
    /// waits: this receiver would stop reading with its own item, and no thread would read for the other one.
    fn take(&mut self, id: ChannelId) -> Option<(Box<LinkInput>, Arc<dyn PollReader>)> {
        if self.wanted || self.waiting > 0 {
            return None;
        }
        let poll_reader = self.poll_reader.clone()?;
        let input = self.input.take()?;
        self.receiver = Some(id);
        self.leases = self.leases.wrapping_add(1);
        Some((input, poll_reader))
    }

    /// Ends a lease. Returns whether the reader must be notified: because it has to read now, or because it sleeps without
    /// a deadline and must watch again whether leases are taken.
    fn give_back(&mut self, input: Box<LinkInput>) -> bool {
        self.receiver = None;
        // Decided under the lock under which the input becomes free. Between two locks, a thread could begin to wait that
        // neither finds a free input to want, nor is seen here.
        self.wanted = self.waiting > 0 || !input.is_leasable();
        self.input = Some(input);
        self.wanted || self.asleep
    }

    /// Registers a waiting thread that does not read. Returns whether the reader must be woken to read for it. If a
    /// receiver reads just now, its `give_back` sees the waiting thread and wakes the reader.
    fn want(&mut self) -> bool {
        let idle = self.input.is_some() && !self.wanted;
        self.wanted |= idle;
        idle
    }
}

impl Shared {
    /// Waits on `condvar` for something that the peer's frames bring, and has the reader read them.
    pub(super) fn wait<'a>(
        &self,
        condvar: &Condvar,
        mut state: Guard<'a, State>,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        if state.read_role.want() {
            self.handback.notify_one();
        }
        // Counted under the lock that the wait releases: a lease that ends during the wait sees this thread.
        state.read_role.waiting += 1;
        let mut state = condvar.wait(state, deadline);
        state.read_role.waiting -= 1;
        state
    }

    /// Has the reader take a free input at once: for a thread that held a lease and now waits outside of the gateway.
    pub(crate) fn want_reader(&self) {
        if self.state.lock().read_role.want() {
            self.handback.notify_one();
        }
    }

    /// Waits for an item or the end of the channel, by reading the link if no other thread does.
    pub(crate) fn wait_item<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a, State>,
        condvars: &ChannelCondvars,
        id: ChannelId,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        let Some((input, poll_reader)) = state.read_role.take(id) else {
            return condvars.wait(WaitFor::Item, self, state, deadline);
        };
        // Reading blocks, and other threads send and wait meanwhile. Events of this channel reach the receiver through
        // `reads_for`: it does not wait for the condition variable of its channel.
        drop(state);
        let mut lease = ReadLease {
            shared: self,
            input: Some(input),
        };
        if let Some(input) = &mut lease.input {
            input.read_whole(self, &*poll_reader, deadline);
        }
        lease.end()
    }

    /// The reader waits until it has to read: it is wanted, or no receiver has taken a lease since its last look.
    pub(super) fn await_input(&self) -> Box<LinkInput> {
        let mut state = self.state.lock();
        let mut seen = None;
        loop {
            let read_role = &mut state.read_role;
            let idle = seen == Some(read_role.leases);
            let takes = read_role.wanted || idle;
            if let Some(input) = read_role.input.take_if(|_| takes) {
                read_role.wanted = false;
                return input;
            }
            seen = Some(read_role.leases);
            // No new lease, but the input is not here: a receiver has been reading for the whole delay. It may wait for
            // hours in there. Instead of looking every millisecond the reader sleeps until `give_back` notifies it.
            read_role.asleep = idle;
            let deadline = if idle {
                Deadline::NEVER
            } else {
                Deadline::after(HANDBACK_DELAY)
            };
            state = self.handback.wait(state, deadline);
            state.read_role.asleep = false;
        }
    }

    /// Drops the input: the link is not read any more.
    pub(super) fn close_reading(&self) {
        let closed = {
            let read_role = &mut self.state.lock().read_role;
            // A receiver that still polls has to be interrupted through the poll reader, by `State::disconnect`.
            let poll_reader = read_role
                .poll_reader
                .take_if(|_| read_role.receiver.is_none());
            (read_role.input.take(), poll_reader)
        };
        // Both are code of the transport, and so they are dropped unlocked.
        drop(closed);
    }
}

/// The right of a receiver to read the link until it has an item. Dropping it gives the input back.
struct ReadLease<'a> {
    shared: &'a Shared,
    /// `None` once it is given back.
    input: Option<Box<LinkInput>>,
}

impl<'a> ReadLease<'a> {
    fn end(mut self) -> Guard<'a, State> {
        self.give_back()
    }

    fn give_back(&mut self) -> Guard<'a, State> {
        let mut state = self.shared.state.lock();
        if let Some(input) = self.input.take()
            && state.read_role.give_back(input)
        {
            self.shared.handback.notify_one();
        }
        state
    }
}

/// Reached with the input only if code of the transport has panicked. Without this the link would stay unread, and every
/// thread of the gateway would wait for ever. The reader gets the input back and ends the gateway.
impl Drop for ReadLease<'_> {
    fn drop(&mut self) {
        if let Some(input) = &mut self.input {
            input.broken = Some(DisconnectReason::Panicked);
            drop(self.give_back());
        }
    }
}
