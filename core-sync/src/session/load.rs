use super::{InboxLimits, Overflow, Overflowing};

/// What waits in all inboxes together, against the limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct InboxLoad {
    limits: InboxLimits,
    waiting: usize,
    /// How many channels have reached their limit.
    full: usize,
}

impl InboxLoad {
    pub(super) fn new(mut limits: InboxLimits) -> Self {
        // With a limit of nothing an empty inbox would be full, and nothing ever come.
        limits.channel = limits.channel.map(|limit| limit.max(1));
        limits.gateway = limits.gateway.map(|limit| limit.max(1));
        Self {
            limits,
            waiting: 0,
            full: 0,
        }
    }

    /// Whether an item may not be taken into an inbox that holds `cost`.
    pub(super) fn refuses(&self, cost: usize) -> Option<Overflow> {
        if self.limits.overflow == Overflowing::Pause {
            return None;
        }
        let channel = self.limits.channel.filter(|&limit| cost >= limit);
        let gateway = || self.limits.gateway.filter(|&limit| self.waiting >= limit);
        channel.or_else(gateway).map(|limit| Overflow { limit })
    }

    /// Whether nothing is to be read before something is taken.
    pub(super) fn pauses(&self) -> bool {
        let gateway = self.limits.gateway;
        self.limits.overflow == Overflowing::Pause
            && (self.full > 0 || gateway.is_some_and(|limit| self.waiting >= limit))
    }

    /// From now on what comes beyond the limits closes its channel.
    pub(super) fn never_pause(&mut self) {
        self.limits.overflow = Overflowing::Close;
    }

    /// What one inbox holds went from `before` to `after`.
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

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }
}
