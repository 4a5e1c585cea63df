//! Races, in all orders in which threads can take their turns: loom runs each model again and again, and fails where a
//! thread waits that nobody will wake. `scripts/test loom` runs it, which is
//!
//! ```sh
//! RUSTFLAGS='--cfg loom' cargo test --release -p execnet-core-sync --test loom --target-dir target/loom
//! ```
//!
//! All orders would take hours: those are tried in which threads are interrupted so many times at most as a model says, or
//! `LOOM_MAX_PREEMPTIONS`. Being interrupted is what is counted; a thread that waits takes no part in it.
#![cfg(loom)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_types,
    reason = "a test fails by panicking, and loom's locks are no others"
)]

extern crate alloc;

mod callbacks;
mod closing;
mod endpoint;
mod items;
mod scene;
mod turns;

/// Tries out the orders with so many interruptions at most, each of which multiplies their number.
pub(crate) fn model(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(body);
}
