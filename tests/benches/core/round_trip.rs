//! The round trip of a small message.

use std::io::{Read as _, Write as _};

use super::figures::{Outcome, round_trips};
use super::workers::{self, FRAME};

const ROUND_TRIPS: usize = 20_000;

/// What the operating system takes: two writes, two reads, and two processes that wake one another.
pub(super) fn pipe() -> Outcome {
    let (mut child, mut stdin, mut stdout) = workers::start("pipe-worker")?;
    let mut frame = [0; FRAME];
    round_trips("pipe", ROUND_TRIPS, || {
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
    round_trips("endpoint", ROUND_TRIPS, || {
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
    round_trips("threaded", ROUND_TRIPS, || {
        channel.send(1)?;
        channel.receive()?;
        Ok(())
    })?;
    gateway.exit();
    child.wait()?;
    Ok(())
}
