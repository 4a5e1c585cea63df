//! How long one channel delays another.

use core::time::Duration;
use std::thread;
use std::time::Instant;

use execnet::{Channel, Value};

use super::figures::{Outcome, tell};
use super::workers;

const TURNS: u32 = 200;
const SLEEP: Duration = Duration::from_millis(200);
const HUGE: usize = 64 << 20;
const HUGE_ITEMS: u32 = 4;

pub(super) fn measure() -> Outcome {
    let (gateway, mut child) = workers::gateway()?;
    let asked = gateway.remote_exec("echo")?;
    slowest(&asked)?;
    tell("alone", slowest(&asked)?, "ms");

    let slow = gateway.remote_exec("echo")?;
    slow.set_callback(|_| thread::sleep(SLEEP))?;
    slow.send_all(0..3)?;
    tell("beside a sleeping callback", slowest(&asked)?, "ms");

    let huge = gateway.remote_exec("echo")?;
    let sender = thread::spawn(move || echo_huge(&huge));
    let mut longest = 0.0f64;
    while !sender.is_finished() {
        longest = longest.max(slowest(&asked)?);
    }
    sender.join().map_err(|_| "the sender panicked")?;
    tell("beside items of 64 MiB", longest, "ms");
    gateway.exit();
    child.wait()?;
    Ok(())
}

/// Where it fails the round trips do so too.
fn echo_huge(channel: &Channel) {
    let block = Value::Bytes(vec![b'x'; HUGE]);
    for _ in 0..HUGE_ITEMS {
        let echo = channel.send(&block).map(|()| channel.receive());
        drop(echo);
    }
}

/// The longest of [`TURNS`] round trips, in milliseconds.
fn slowest(channel: &Channel) -> Outcome<f64> {
    let mut slowest = Duration::ZERO;
    for turn in 0..TURNS {
        let before = Instant::now();
        channel.send(turn)?;
        channel.receive()?;
        slowest = slowest.max(before.elapsed());
    }
    Ok(slowest.as_secs_f64() * 1e3)
}
