//! One small message there and back.

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::time::Instant;

use super::workers::{self, FRAME};
use super::{Outcome, tell};

const WARM_UP: usize = 500;
const ROUND_TRIPS: usize = 20_000;

/// What the operating system takes: two writes, two reads, and two processes that wake one another.
pub(super) fn pipe() -> Outcome {
    let (mut child, mut stdin, mut stdout) = workers::start("pipe-worker")?;
    let mut frame = [0; FRAME];
    time("pipe", || {
        stdin.write_all(&frame)?;
        Ok(stdout.read_exact(&mut frame)?)
    })?;
    drop(stdin);
    child.wait()?;
    Ok(())
}

pub(super) fn endpoint() -> Outcome {
    let (endpoint, mut child) = workers::endpoint_pair()?;
    let channel = endpoint.remote_exec("echo")?;
    time("endpoint", || {
        channel.send(1)?;
        channel.receive()?;
        Ok(())
    })?;
    endpoint.exit();
    child.wait()?;
    Ok(())
}

pub(super) fn threaded() -> Outcome {
    let (gateway, mut child) = workers::gateway()?;
    let channel = gateway.remote_exec("echo")?;
    time("threaded", || {
        channel.send(1)?;
        channel.receive()?;
        Ok(())
    })?;
    gateway.exit();
    child.wait()?;
    Ok(())
}

fn time(what: &str, mut turn: impl FnMut() -> Outcome) -> Outcome {
    let mut times = Vec::with_capacity(ROUND_TRIPS);
    for number in 0..WARM_UP + ROUND_TRIPS {
        let before = Instant::now();
        turn()?;
        if number >= WARM_UP {
            times.push(before.elapsed());
        }
    }
    times.sort();
    let at = |percent: usize| times.get(ROUND_TRIPS * percent / 100).map_or(0.0, micros);
    tell(&format!("{what} p50"), at(50), "µs");
    tell(&format!("{what} p99"), at(99), "µs");
    Ok(())
}

fn micros(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
