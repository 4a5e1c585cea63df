//! Items: large ones, many in a queue, and many threads that wait for them.

use execnet::Value;

use super::cost::Cost;
use super::figures::Outcome;
use super::{call, call_with, gateway, round_trip};

const MIB: usize = 1 << 20;

/// Round trips in a turn.
const ROUND_TRIPS: u32 = 1024;

/// An item of `n` MiB there and back; for each MiB.
pub(super) fn size(spec: &str, n: u32) -> Outcome<Cost> {
    let (group, gateway) = gateway(spec)?;
    let channel = call(&gateway, "echo")?;
    let block = Value::Bytes(vec![b'x'; usize::try_from(n)? * MIB]);
    Cost::repeated(&group, n, || {
        channel.send(&block)?;
        channel.receive()?;
        Ok(())
    })
}

/// `n` items that wait in an inbox of the worker until the last has arrived, and are then received.
pub(super) fn queue(spec: &str, n: u32) -> Outcome<Cost> {
    let (group, gateway) = gateway(spec)?;
    Cost::repeated(&group, n, || {
        let channel = call_with(&gateway, "hold", n)?;
        let gate = gateway.new_channel()?;
        channel.send(&gate)?;
        for item in 0..n {
            channel.send(item)?;
        }
        gate.send(())?;
        channel.receive()?;
        Ok(())
    })
}

/// Round trips with a channel on which `n` threads of the worker wait.
pub(super) fn waiters(spec: &str, n: u32) -> Outcome<Cost> {
    let (group, gateway) = gateway(spec)?;
    let channel = call_with(&gateway, "waiters", n)?;
    round_trip(&channel)?;
    Cost::repeated(&group, ROUND_TRIPS, || {
        (0..ROUND_TRIPS).try_for_each(|_| round_trip(&channel))
    })
}

/// Round trips with `n` channels in turns, on each of which a thread of the worker waits.
pub(super) fn threads(spec: &str, n: u32) -> Outcome<Cost> {
    let (group, gateway) = gateway(spec)?;
    let channels: Outcome<Vec<_>> = (0..n).map(|_| call(&gateway, "echo")).collect();
    let channels = channels?;
    channels.iter().try_for_each(round_trip)?;
    Cost::repeated(&group, ROUND_TRIPS, || {
        let mut turns = channels.iter().cycle().zip(0..ROUND_TRIPS);
        turns.try_for_each(|(channel, _)| round_trip(channel))
    })
}
