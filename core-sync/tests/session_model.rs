//! Two sessions under a random schedule, against what must always hold: see [`model`].
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod model;

use proptest::prelude::*;

use model::{Setting, Step};

/// A few; many by `scripts/stress`.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES");
    asked.map_or(2000, |cases| cases.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn whatever_two_sessions_do_nothing_is_lost_and_nobody_sleeps_on(
        setting in any::<u8>().prop_map(Setting::of),
        steps in prop::collection::vec(any::<[u8; Step::SIZE]>().prop_map(Step::of), 1..300),
    ) {
        model::run(setting, steps);
    }
}
