//! Whose turn it is to read the link.
//!
//! There is one [`LinkInput`], and who has it reads. That is the reader's thread as a rule. Where the only thread that
//! waits on the gateway waits for an item, and the link can be waited for so that it can be called away, it reads by
//! itself: no other thread has to be woken to wake it. When it has its item it leaves the source behind, and most often
//! comes back for it soon. The reader takes it where that does not happen, or at once where somebody else waits.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::time::Duration;

use execnet_serializer::ChannelId;

use super::effects::Effects;
use super::link_input::LinkInput;
use super::shared::Shared;
use super::state::State;
use super::waiters::ChannelCondvars;
use crate::disconnected::DisconnectReason;
use crate::link::Readiness;
use crate::session::Overflowing;
use crate::sync::{Condvar, Deadline, Guard};

/// For no longer than this, and as long again, is the link left unread where nobody waits.
const HANDBACK_DELAY: Duration = Duration::from_millis(1);

/// Who reads.
pub(super) struct ReadRole {
    /// `None` while somebody has it.
    source: Option<Box<LinkInput>>,
    /// `None` where receivers do not read.
    readiness: Option<Arc<dyn Readiness>>,
    /// The channel whose receiver reads.
    receiver: Option<ChannelId>,
    /// It is the reader's turn.
    wanted: bool,
    /// How often receivers have taken the source.
    turns: usize,
    /// The reader is not going to look before it is called.
    asleep: bool,
    /// Items were sent since it was last asked.
    sent: bool,
    /// Threads that wait for what frames bring about, and do not read.
    waiting: usize,
}

impl ReadRole {
    /// The reader begins.
    pub(super) fn new(readiness: Option<Arc<dyn Readiness>>, overflow: Overflowing) -> Self {
        Self {
            source: None,
            // Who waits for room in another inbox than its own would wait for ever.
            readiness: readiness.filter(|_| overflow != Overflowing::Pause),
            receiver: None,
            wanted: false,
            turns: 0,
            asleep: false,
            sent: false,
            waiting: 0,
        }
    }

    /// Leaves the source to who has just got an item, if that is the only one who waits.
    pub(super) fn lease(
        &mut self,
        source: Box<LinkInput>,
        effects: &Effects,
    ) -> Option<Box<LinkInput>> {
        let lends = self.readiness.is_some()
            && self.waiting == 1
            && effects.wakes.has_item()
            && source.is_leasable();
        if !lends {
            return Some(source);
        }
        self.wanted = false;
        self.source = Some(source);
        None
    }

    /// This side sends items.
    pub(super) fn note_sent(&mut self) {
        self.sent = true;
    }

    /// Whether this side has sent items since this was asked.
    pub(super) fn take_sent(&mut self) -> bool {
        core::mem::take(&mut self.sent)
    }

    /// What wakes the receiver of this channel, if it is the one that reads.
    pub(super) fn reads_for(&self, id: ChannelId) -> Option<Arc<dyn Readiness>> {
        self.readiness.clone().filter(|_| self.receiver == Some(id))
    }

    /// What wakes the receiver that reads, if one does.
    pub(super) fn reads(&self) -> Option<Arc<dyn Readiness>> {
        self.readiness.clone().filter(|_| self.receiver.is_some())
    }

    /// A receiver wants to read.
    fn take(&mut self, id: ChannelId) -> Option<(Box<LinkInput>, Arc<dyn Readiness>)> {
        if self.wanted || self.waiting > 0 {
            return None;
        }
        let readiness = self.readiness.clone()?;
        let source = self.source.take()?;
        self.receiver = Some(id);
        self.turns = self.turns.wrapping_add(1);
        Some((source, readiness))
    }

    /// A receiver leaves the source. True where the reader is to be called.
    fn give_back(&mut self, source: Box<LinkInput>) -> bool {
        self.receiver = None;
        self.wanted = self.waiting > 0 || !source.is_leasable();
        self.source = Some(source);
        self.wanted || self.asleep
    }

    /// Somebody waits who does not read. True where the reader is to be called.
    fn want(&mut self) -> bool {
        let idle = self.source.is_some() && !self.wanted;
        self.wanted |= idle;
        idle
    }
}

impl Shared {
    /// Waits for what the peer's frames bring about. Somebody has to read them.
    pub(super) fn wait<'a>(
        &self,
        condvar: &Condvar,
        mut state: Guard<'a, State>,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        if state.reading.want() {
            self.turn.notify_one();
        }
        state.reading.waiting += 1;
        let mut state = condvar.wait(state, deadline);
        state.reading.waiting -= 1;
        state
    }

    /// A thread that may have read is going to wait elsewhere: the reader goes on at once.
    pub(crate) fn want_reader(&self) {
        if self.state.lock().reading.want() {
            self.turn.notify_one();
        }
    }

    /// Waits for an item, or the end, of the channel; or reads, where nobody else does.
    pub(crate) fn wait_item<'a>(
        self: &'a Arc<Self>,
        mut state: Guard<'a, State>,
        bell: &ChannelCondvars,
        id: ChannelId,
        deadline: Deadline,
    ) -> Guard<'a, State> {
        let Some((source, readiness)) = state.reading.take(id) else {
            return bell.wait_item(self, state, id, deadline);
        };
        drop(state);
        let mut turn = Turn {
            shared: self,
            source: Some(source),
        };
        if let Some(source) = &mut turn.source {
            source.read_whole(self, &*readiness, deadline);
        }
        turn.end()
    }

    /// Waits for the reader's turn: it is called, or finds that no receiver has read for a while.
    pub(super) fn await_turn(&self) -> Box<LinkInput> {
        let mut state = self.state.lock();
        let mut seen = None;
        loop {
            let reading = &mut state.reading;
            let idle = seen == Some(reading.turns);
            let due = reading.wanted || idle;
            if let Some(source) = reading.source.take_if(|_| due) {
                reading.wanted = false;
                return source;
            }
            seen = Some(reading.turns);
            // A receiver that reads for long calls when it is done.
            reading.asleep = idle;
            let deadline = if idle {
                Deadline::NEVER
            } else {
                Deadline::after(HANDBACK_DELAY)
            };
            state = self.turn.wait(state, deadline);
            state.reading.asleep = false;
        }
    }

    /// The link is not read any more.
    pub(super) fn close_reading(&self) {
        let closed = {
            let reading = &mut self.state.lock().reading;
            // A receiver that still waits for the link is called away by what follows.
            let readiness = reading.readiness.take_if(|_| reading.receiver.is_none());
            (reading.source.take(), readiness)
        };
        drop(closed);
    }
}

/// The source, in the hands of a receiver.
struct Turn<'a> {
    shared: &'a Shared,
    /// `None` when it was given back.
    source: Option<Box<LinkInput>>,
}

impl<'a> Turn<'a> {
    fn end(mut self) -> Guard<'a, State> {
        self.give_back()
    }

    fn give_back(&mut self) -> Guard<'a, State> {
        let mut state = self.shared.state.lock();
        if let Some(source) = self.source.take()
            && state.reading.give_back(source)
        {
            self.shared.turn.notify_one();
        }
        state
    }
}

/// Code of the transport has panicked, where it was not given back.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(source) = &mut self.source {
            source.break_with(DisconnectReason::Panicked);
            drop(self.give_back());
        }
    }
}
