//! The cost of the channel core between two processes, beside a bare pipe: `core MEASURE` prints figures as JSON
//! objects, one per line; `scripts/bench-core` runs the measures in turns, also those of `gateway.rs` and `stock.py`,
//! and makes tables of them. It asserts nothing: a figure is not a test.
//!
//! The program is its own worker.

#[cfg(unix)]
extern crate alloc;

#[cfg(unix)]
mod fairness;
#[cfg(unix)]
#[path = "../figures/mod.rs"]
mod figures;
#[cfg(unix)]
mod items;
#[cfg(unix)]
mod round_trip;
#[cfg(unix)]
mod workers;

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> figures::Outcome {
    // `cargo bench` and `cargo test` pass an option of their own to every benchmark. Who starts a worker passes what a
    // Python interpreter would take.
    let measure = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    match measure.as_deref() {
        Some("pipe") => round_trip::pipe(),
        Some("endpoint") => round_trip::endpoint(),
        Some("threaded") => round_trip::threaded(),
        Some("echo") => items::echo(),
        Some("oneway") => items::one_way(),
        Some("fairness") => fairness::measure(),
        Some("pipe-worker") => workers::pipe(),
        Some("endpoint-worker") => workers::endpoint(),
        Some("worker") => workers::threaded(),
        _ => {
            println!("run scripts/bench-core, which runs this beside bare pipes and stock execnet");
            Ok(())
        }
    }
}
