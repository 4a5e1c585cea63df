//! The end of a wait. No other module calculates with instants and durations: the operators panic where the clock ends.

use core::time::Duration;
use std::time::Instant;

/// The instant until which a wait may last; some waits have no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    at: Option<Instant>,
    /// How far away it was at first.
    timeout: Duration,
}

impl Deadline {
    /// A wait without end.
    pub(crate) const NEVER: Self = Self {
        at: None,
        timeout: Duration::MAX,
    };

    /// `timeout` from now; [`NEVER`](Self::NEVER) if the clock cannot count that far.
    pub(crate) fn after(timeout: Duration) -> Self {
        let at = Instant::now().checked_add(timeout);
        at.map_or(Self::NEVER, |at| Self {
            at: Some(at),
            timeout,
        })
    }

    /// The same for an optional timeout, as the public API has it: `None` waits without end.
    pub(crate) fn after_optional(timeout: Option<Duration>) -> Self {
        timeout.map_or(Self::NEVER, Self::after)
    }

    /// Has passed already: for a look that does not wait.
    pub(crate) fn now() -> Self {
        Self::after(Duration::ZERO)
    }

    /// The time that is left: zero once the deadline has passed, [`Duration::MAX`] if there is no end.
    pub(crate) fn left(self) -> Duration {
        self.at.map_or(Duration::MAX, |at| {
            at.saturating_duration_since(Instant::now())
        })
    }

    /// Does something whose time does not count: returns the deadline as much later as that takes.
    pub(crate) fn extended_by<T>(self, work: impl FnOnce() -> T) -> (T, Self) {
        let left = self.left();
        let done = work();
        let Self { at, .. } = Self::after(left);
        (done, Self { at, ..self })
    }

    /// The time that there was at first, for texts.
    pub(crate) fn timeout(self) -> Duration {
        self.timeout
    }
}

/// `count` parts of a duration that is cut into `of`.
pub(crate) fn part(whole: Duration, count: u32, of: u32) -> Duration {
    whole.checked_div(of).unwrap_or(whole).saturating_mul(count)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_does_not_count_moves_the_deadline_by_as_much_as_it_takes() {
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
        for timeout in [Duration::MAX, Duration::from_secs_f64(1e19)] {
            let deadline = Deadline::after(timeout);
            assert_eq!(deadline, Deadline::NEVER);
            assert_eq!(deadline.left(), Duration::MAX);
        }
        assert!(
            Deadline::after_optional(Some(Duration::ZERO))
                .left()
                .is_zero()
        );
        assert!(Deadline::now().left().is_zero());
        assert_eq!(Deadline::after_optional(None), Deadline::NEVER);
        assert_eq!(Deadline::NEVER.extended_by(|| ()).1, Deadline::NEVER);
        assert_eq!(part(Duration::from_secs(3), 2, 3), Duration::from_secs(2));
        assert_eq!(part(Duration::MAX, 5, 4), Duration::MAX);
    }
}
