//! Behaviour suites that cross the crates.
