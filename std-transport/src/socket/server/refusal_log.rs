//! Events about refused clients, limited in number: clients that have not authenticated must not be able to flood the
//! program with them.

use core::time::Duration;

use super::ServerEvent;
use super::shared::Shared;
use crate::deadline::Deadline;
use crate::socket::greeting::Refusal;

/// The period of the limit.
const PERIOD: Duration = Duration::from_secs(10);

/// Maximum number of clients that are reported one by one in a period. The others are counted.
const MAX_SINGLE: usize = 20;

/// Reports the first refusals of each period, and the number of the others at its end.
#[derive(Debug)]
pub(super) struct RefusalLog<'a> {
    shared: &'a Shared,
    /// The end of the current period.
    end: Option<Deadline>,
    reported: usize,
    /// Number of those that were not reported one by one.
    more: u64,
}

impl<'a> RefusalLog<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            end: None,
            reported: 0,
            more: 0,
        }
    }

    pub(super) fn add(&mut self, peer: &str, refusal: &Refusal) {
        self.summarize();
        if self.end.is_none() {
            self.end = Some(Deadline::after(PERIOD));
            self.reported = 0;
        }
        if self.reported < MAX_SINGLE {
            self.reported += 1;
            self.shared.emit_refused(peer, refusal);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// When [`summarize`](Self::summarize) has to be called; `None` if there is nothing to report.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.end.filter(|_| self.more > 0)
    }

    /// Ends the period if it is over.
    pub(super) fn summarize(&mut self) {
        if self.end.is_some_and(|end| end.left().is_zero()) {
            self.end = None;
            self.report_more();
        }
    }

    fn report_more(&mut self) {
        let count = core::mem::take(&mut self.more);
        if count > 0 {
            self.shared.emit(ServerEvent::RefusedMore { count });
        }
    }
}

impl Drop for RefusalLog<'_> {
    fn drop(&mut self) {
        self.report_more();
    }
}
