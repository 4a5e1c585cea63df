//! Measures that the benchmarks of gateways share, and their output: one JSON object per line.

use core::time::Duration;
use std::time::Instant;

use execnet::{Channel, Value};

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn core::error::Error>>;

const WARM_UP: usize = 500;
const MIB: usize = 1 << 20;

pub(crate) fn tell(name: &str, value: f64, unit: &str) {
    println!("{{\"name\": \"{name}\", \"value\": {value}, \"unit\": \"{unit}\"}}");
}

pub(crate) fn seconds(work: impl FnOnce() -> Outcome) -> Outcome<f64> {
    let before = Instant::now();
    work()?;
    Ok(before.elapsed().as_secs_f64())
}

/// Prints the median and the 99th percentile of `count` turns.
pub(crate) fn round_trips(what: &str, count: usize, mut turn: impl FnMut() -> Outcome) -> Outcome {
    for _ in 0..WARM_UP {
        turn()?;
    }
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let before = Instant::now();
        turn()?;
        times.push(before.elapsed());
    }
    for percent in [50, 99] {
        let micros = percentile(&mut times, percent).as_secs_f64() * 1e6;
        tell(&format!("{what} p{percent}"), micros, "µs");
    }
    Ok(())
}

/// So many blocks sent, each received back before the next.
pub(crate) fn echo(channel: &Channel, count: u32) -> Outcome {
    let block = Value::Bytes(vec![b'x'; MIB]);
    let work = || -> Outcome {
        for _ in 0..count {
            channel.send(&block)?;
            channel.receive()?;
        }
        Ok(())
    };
    work()?;
    let both_ways = f64::from(2 * count);
    tell("echo of 1 MiB", both_ways / seconds(work)?, "MiB/s");
    Ok(())
}

/// A percentile of the times.
pub(crate) fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times
        .get(times.len() * percent / 100)
        .copied()
        .unwrap_or_default()
}
