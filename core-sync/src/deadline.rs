//! Deadlines: the only type with which this crate and the transports calculate with instants. The operators of
//! `Instant` panic on overflow.

use core::time::Duration;
use std::time::Instant;

/// The instant at which a wait ends, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    at: Option<Instant>,
    /// The timeout that it was made from.
    timeout: Duration,
}

impl Deadline {
    /// A wait without a timeout.
    pub const NEVER: Self = Self {
        at: None,
        timeout: Duration::MAX,
    };

    /// `timeout` from now; [`NEVER`](Self::NEVER) if that overflows the clock.
    #[must_use]
    pub fn after(timeout: Duration) -> Self {
        let at = Instant::now().checked_add(timeout);
        at.map_or(Self::NEVER, |at| Self {
            at: Some(at),
            timeout,
        })
    }

    /// As [`after`](Self::after); `None` is [`NEVER`](Self::NEVER).
    #[must_use]
    pub fn after_optional(timeout: Option<Duration>) -> Self {
        timeout.map_or(Self::NEVER, Self::after)
    }

    /// A deadline that has passed: for a check that does not wait.
    #[must_use]
    pub fn now() -> Self {
        Self::after(Duration::ZERO)
    }

    /// The time that is left: zero if the deadline has passed, [`Duration::MAX`] without a timeout.
    #[must_use]
    pub fn left(self) -> Duration {
        self.remaining().unwrap_or(Duration::MAX)
    }

    /// The time that is left, as condition variables and `poll` take it: `None` without a timeout.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.at
            .map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether no time is left.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.at.is_some_and(|at| at <= Instant::now())
    }

    /// Runs `work`, and returns the deadline moved by the time that it took.
    pub fn extended_by<T>(self, work: impl FnOnce() -> T) -> (T, Self) {
        let left = self.left();
        let done = work();
        let Self { at, .. } = Self::after(left);
        (done, Self { at, ..self })
    }

    /// The timeout that it was made from, for messages.
    #[must_use]
    pub fn timeout(self) -> Duration {
        self.timeout
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn extended_by_moves_the_deadline_by_the_time_of_the_work() {
        let deadline = Deadline::after(Duration::from_secs(1000));
        let work = || {
            let start = Instant::now();
            thread::sleep(Duration::from_millis(20));
            start.elapsed()
        };
        let (taken, extended) = deadline.extended_by(work);
        assert_eq!(extended.timeout(), deadline.timeout());
        let moved = extended.at.unwrap().duration_since(deadline.at.unwrap());
        assert!(moved >= taken, "{moved:?} {taken:?}");
    }

    #[test]
    fn a_deadline_beyond_the_clock_never_passes() {
        let deadline = Deadline::after(Duration::MAX);
        assert_eq!(deadline, Deadline::NEVER);
        assert_eq!(deadline.left(), Duration::MAX);
        // Some clocks end before this, others do not.
        let far = Duration::from_secs_f64(1e19);
        assert!(Deadline::after(far).left() > Duration::from_secs(u64::from(u32::MAX)));
        assert!(
            Deadline::after_optional(Some(Duration::ZERO))
                .left()
                .is_zero()
        );
        assert!(Deadline::now().left().is_zero());
        assert_eq!(Deadline::after_optional(None), Deadline::NEVER);
        assert_eq!(Deadline::NEVER.extended_by(|| ()).1, Deadline::NEVER);
        assert_eq!(Deadline::NEVER.remaining(), None);
        assert!(Deadline::now().has_passed() && !Deadline::NEVER.has_passed());
    }
}
