//! Empty calls through a pool of Python workers. `scripts/bench-pool` runs it beside `pool.py`, and writes the table of
//! `docs/benchmarks.md`. It asserts nothing: a figure is not a test.

use core::error::Error;
use std::time::Instant;

use execnet::{Group, Pool};

/// Calls before the measured ones.
const WARM_UP: usize = 400;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // `cargo bench` and `cargo test` pass options of their own to every benchmark.
    let words: Vec<_> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    match words.as_slice() {
        [python, workers, calls] => measure(python, workers.parse()?, calls.parse()?),
        _ => {
            println!("run scripts/bench-pool, which runs this");
            Ok(())
        }
    }
}

fn measure(python: &str, workers: usize, calls: usize) -> Outcome<()> {
    let group = Group::new();
    let spec = format!("popen//python={python}");
    for gateway in group.make_gateways(vec![spec; workers]) {
        gateway?;
    }
    let pool = Pool::new(group)?;
    submit(&pool, WARM_UP)?;
    let start = Instant::now();
    submit(&pool, calls)?;
    figure("submit", calls, start);
    let start = Instant::now();
    for result in pool.map::<()>("lambda x: None", 0..calls) {
        result?;
    }
    figure("map", calls, start);
    let start = Instant::now();
    for _ in 0..calls / 4 {
        pool.submit::<()>("lambda: None", (), ()).wait()?;
    }
    figure("one at a time", calls / 4, start);
    Ok(())
}

/// Submits all calls, then waits for all.
fn submit(pool: &Pool, calls: usize) -> Outcome<()> {
    let submit = |number| pool.submit::<()>("lambda x: None", (number,), ());
    let calls: Vec<_> = (0..calls).map(submit).collect();
    for call in calls {
        call.wait()?;
    }
    Ok(())
}

fn figure(name: &str, calls: usize, start: Instant) {
    let value = calls as f64 / start.elapsed().as_secs_f64();
    println!("{{\"name\": \"{name}\", \"unit\": \"calls/s\", \"value\": {value}}}");
}
