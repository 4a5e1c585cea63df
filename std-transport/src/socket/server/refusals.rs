//! Reports about refused clients, in a number that clients cannot raise.

use core::time::Duration;

use super::{ServerEvent, Shared};
use crate::deadline::Deadline;
use crate::socket::greeting::Refusal;

/// The time over which reports are counted.
const WINDOW: Duration = Duration::from_secs(10);

/// Number of clients that are reported one by one in that time. The others are counted.
const SINGLE: usize = 20;

/// Reports the first refusals of each period, and the number of the others at its end.
#[derive(Debug)]
pub(super) struct Refusals<'a> {
    shared: &'a Shared,
    /// The end of the current period.
    end: Option<Deadline>,
    reported: usize,
    /// Those that were not reported one by one.
    more: u64,
}

impl<'a> Refusals<'a> {
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
            self.end = Some(Deadline::after(WINDOW));
            self.reported = 0;
        }
        if self.reported < SINGLE {
            self.reported += 1;
            self.shared.tell(ServerEvent::Refused {
                peer: peer.to_owned(),
                reason: refusal.to_string(),
            });
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    /// When [`summarize`](Self::summarize) has something to say; none if it has not.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        self.end.filter(|_| self.more > 0)
    }

    /// Ends a period that is over.
    pub(super) fn summarize(&mut self) {
        if self.end.is_some_and(|end| end.left().is_zero()) {
            self.end = None;
            self.report_more();
        }
    }

    fn report_more(&mut self) {
        let count = core::mem::take(&mut self.more);
        if count > 0 {
            self.shared.tell(ServerEvent::RefusedMore { count });
        }
    }
}

impl Drop for Refusals<'_> {
    fn drop(&mut self) {
        self.report_more();
    }
}
