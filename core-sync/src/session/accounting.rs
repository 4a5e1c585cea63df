//! The cost of all items that wait, and the limits on it.

use super::inbox::Inbox;
use super::{InboxLimits, InboxOverflow, OverflowPolicy};

/// The cost of all inboxes together, compared with the limits.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct InboxAccounting {
    limits: InboxLimits,
    /// Cost of all items and errors.
    waiting: usize,
    /// Cost of the errors in `waiting`.
    errors: usize,
    /// Cost of the calls that have not begun.
    calls: usize,
    // A count, so that `pauses`, which is called after each message, need not look at all inboxes.
    /// Number of channels at their limit.
    full: usize,
}

impl InboxAccounting {
    pub(super) fn new(mut limits: InboxLimits) -> Self {
        // With a limit of zero an empty inbox would be full, and no item could ever arrive.
        limits.channel = limits.channel.map(|limit| limit.max(1));
        limits.gateway = limits.gateway.map(|limit| limit.max(1));
        Self {
            limits,
            ..Self::default()
        }
    }

    /// The overflow, if an inbox with this cost accepts no more items.
    pub(super) fn refuses(&self, cost: usize) -> Option<InboxOverflow> {
        // With `Pause` the reader stops after the item that reaches the limit. What it has read by then is accepted.
        if self.limits.overflow == OverflowPolicy::Pause {
            return None;
        }
        self.reached(cost).map(|limit| InboxOverflow { limit })
    }

    /// The limit that is reached by an inbox with this cost, or by all together.
    pub(super) fn reached(&self, cost: usize) -> Option<usize> {
        let channel = self.limits.channel.filter(|&limit| cost >= limit);
        channel.or_else(|| self.limits.gateway.filter(|&limit| self.waiting >= limit))
    }

    /// Counts a call that waits to begin.
    pub(super) fn add_call(&mut self, cost: usize) -> Result<(), InboxOverflow> {
        // Calls have a sum of their own: a large one must not close the channel of the item that follows it.
        if let Some(limit) = self.limits.gateway.filter(|&limit| self.calls >= limit) {
            return Err(InboxOverflow { limit });
        }
        self.calls = self.calls.saturating_add(cost);
        Ok(())
    }

    /// Stops counting a call, which begins.
    pub(super) fn remove_call(&mut self, cost: usize) {
        self.calls = self.calls.saturating_sub(cost);
    }

    /// Whether no frame may be read before an item is taken.
    pub(super) fn pauses(&self) -> bool {
        // Calls do not count: others wait for the running one, which may itself wait for an item that was not read yet.
        // Nor do errors: no receiver takes the error of a channel with a callback, and the pause would never end.
        let gateway = self.limits.gateway;
        self.limits.overflow == OverflowPolicy::Pause
            && (self.full > 0
                || gateway.is_some_and(|limit| self.waiting.saturating_sub(self.errors) >= limit))
    }

    /// From now on an item beyond the limits closes its channel.
    pub(super) fn never_pause(&mut self) {
        self.limits.overflow = OverflowPolicy::Close;
    }

    /// The cost of a channel's error changed.
    pub(super) fn change_error(&mut self, before: usize, after: usize) {
        for sum in [&mut self.errors, &mut self.waiting] {
            *sum = sum.saturating_sub(before).saturating_add(after);
        }
    }

    /// The cost of a channel's items changed.
    pub(super) fn change(&mut self, before: usize, after: usize) {
        self.waiting = self.waiting.saturating_sub(before).saturating_add(after);
        if let Some(limit) = self.limits.channel {
            self.full += usize::from(after >= limit);
            self.full -= usize::from(before >= limit).min(self.full);
        }
    }

    /// An inbox is removed.
    pub(super) fn remove(&mut self, inbox: &Inbox) {
        self.change(inbox.cost(), 0);
        self.change_error(inbox.error_cost(), 0);
        // Items in a queue of the program outlive the channel, and count until their holds end.
        self.waiting = self.waiting.saturating_add(inbox.held());
    }

    /// The hold of an item has ended that has outlived its inbox.
    pub(super) fn drop_held(&mut self, cost: usize) {
        self.waiting = self.waiting.saturating_sub(cost);
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }
}
