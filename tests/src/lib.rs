//! Behaviour suites that cross the crates.

/// The README's example runs as it stands there.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
