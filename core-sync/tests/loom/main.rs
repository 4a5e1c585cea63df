//! Races: loom runs each model in all orders in which its threads can be scheduled, and fails if a thread waits that no
//! other thread will wake. `scripts/test loom` runs
//!
//! ```sh
//! RUSTFLAGS='--cfg loom' cargo test --release -p execnet-core-sync --test loom --target-dir target/loom
//! ```
//!
//! All orders would take hours. Each model bounds the number of preemptions; `LOOM_MAX_PREEMPTIONS` sets another bound.
//! A thread that waits is not preempted.
#![cfg(loom)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    reason = "a test fails by panicking, and loom's locks are the ones under test"
)]

extern crate alloc;

mod callbacks;
mod closing;
mod endpoint;
mod items;
mod scene;
mod turns;

/// Runs a model in all orders with at most this many preemptions. Each preemption multiplies their number.
pub(crate) fn model(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(body);
}
