//! The end of a wait, and shares of a duration. No other module calculates with instants and durations: the operators
//! panic where the clock ends.

use core::time::Duration;

pub(crate) use execnet_core_sync::Deadline;

/// `count` parts of a duration that is cut into `of`.
pub(crate) fn part(whole: Duration, count: u32, of: u32) -> Duration {
    whole.checked_div(of).unwrap_or(whole).saturating_mul(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_duration_does_not_overflow() {
        assert_eq!(part(Duration::from_secs(3), 2, 3), Duration::from_secs(2));
        assert_eq!(part(Duration::MAX, 5, 4), Duration::MAX);
    }
}
