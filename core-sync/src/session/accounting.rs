use super::{InboxLimits, InboxOverflow, OverflowPolicy};

/// The cost of all inboxes together, against the limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct InboxAccounting {
    limits: InboxLimits,
    waiting: usize,
    /// The part of `waiting` that errors cost.
    errors: usize,
    /// Cost of the calls that have not begun.
    calls: usize,
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
            waiting: 0,
            errors: 0,
            calls: 0,
            full: 0,
        }
    }

    /// The overflow, if an inbox that holds `cost` accepts no more items.
    pub(super) fn refuses(&self, cost: usize) -> Option<InboxOverflow> {
        if self.limits.overflow == OverflowPolicy::Pause {
            return None;
        }
        self.reached(cost).map(|limit| InboxOverflow { limit })
    }

    /// The limit that is reached for an inbox that holds `cost`, or for all together.
    pub(super) fn reached(&self, cost: usize) -> Option<usize> {
        let channel = self.limits.channel.filter(|&limit| cost >= limit);
        channel.or_else(|| self.limits.gateway.filter(|&limit| self.waiting >= limit))
    }

    /// Counts a call that waits to begin. Calls are counted for themselves: a large one must not close the channel of the
    /// item that follows it.
    pub(super) fn add_call(&mut self, cost: usize) -> Result<(), InboxOverflow> {
        if let Some(limit) = self.limits.gateway.filter(|&limit| self.calls >= limit) {
            return Err(InboxOverflow { limit });
        }
        self.calls = self.calls.saturating_add(cost);
        Ok(())
    }

    /// A call that was counted begins.
    pub(super) fn remove_call(&mut self, cost: usize) {
        self.calls = self.calls.saturating_sub(cost);
    }

    /// Whether nothing is to be read before something is taken. Calls do not count: one that runs, for which others wait,
    /// may wait for what is to be read. Nor do errors: no receiver takes that of a channel with a callback.
    pub(super) fn pauses(&self) -> bool {
        let gateway = self.limits.gateway;
        self.limits.overflow == OverflowPolicy::Pause
            && (self.full > 0
                || gateway.is_some_and(|limit| self.waiting.saturating_sub(self.errors) >= limit))
    }

    /// From now on what comes beyond the limits closes its channel.
    pub(super) fn never_pause(&mut self) {
        self.limits.overflow = OverflowPolicy::Close;
    }

    /// The error that waits on one channel cost `before`, and costs `after`.
    pub(super) fn change_error(&mut self, before: usize, after: usize) {
        for sum in [&mut self.errors, &mut self.waiting] {
            *sum = sum.saturating_sub(before).saturating_add(after);
        }
    }

    /// What the items of one inbox cost went from `before` to `after`.
    pub(super) fn change(&mut self, before: usize, after: usize) {
        self.waiting = self.waiting.saturating_sub(before).saturating_add(after);
        if let Some(limit) = self.limits.channel {
            self.full += usize::from(after >= limit);
            self.full -= usize::from(before >= limit).min(self.full);
        }
    }

    /// An inbox goes, with what it holds.
    pub(super) fn remove(&mut self, cost: usize) {
        self.change(cost, 0);
    }

    /// Items that are held outlive their inbox.
    pub(super) fn keep(&mut self, held: usize) {
        self.waiting = self.waiting.saturating_add(held);
    }

    /// One of these is let go.
    pub(super) fn drop_kept(&mut self, cost: usize) {
        self.waiting = self.waiting.saturating_sub(cost);
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }
}
