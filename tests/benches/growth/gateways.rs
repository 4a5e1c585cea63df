//! Gateways: many at the same time, as a chain and as a group.

use core::time::Duration;

use execnet::{Channel, Group, MultiChannel, Value};

use super::cost::{Cost, workers};
use super::figures::Outcome;
use super::{call, call_all, call_with, group, round_trip};

const GRACE: Duration = Duration::from_secs(60);

/// Round trips through a chain in a turn.
const ROUND_TRIPS: u32 = 100;

/// Items that all members of a group send together in a turn.
const ITEMS: u32 = 1 << 14;

/// `n` gateways, from the start until all have answered and ended.
pub(super) fn made(spec: &str, n: u32) -> Outcome<Cost> {
    let all = Group::new();
    let mut gone = 0.0;
    let mut turns = 0;
    let mut cost = Cost::repeated(&all, n, || {
        for made in all.make_gateways((0..n).map(|_| spec)) {
            made?;
        }
        call_all(&all, "answer")?;
        gone += workers(&all)?;
        turns += 1;
        all.terminate_timeout(GRACE);
        Ok(())
    })?;
    cost.add_processor(gone / f64::from(turns * n));
    Ok(cost)
}

/// Round trips through `n` gateways to the one behind them; for each of the `n`.
pub(super) fn hops(spec: &str, n: u32) -> Outcome<Cost> {
    let (group, channel) = chain(spec, n)?;
    Cost::repeated(&group, n * ROUND_TRIPS, || {
        (0..ROUND_TRIPS).try_for_each(|_| round_trip(&channel))
    })
}

/// A MiB there and back through `n` gateways to the one behind them; for each of the `n`.
pub(super) fn hops_size(spec: &str, n: u32) -> Outcome<Cost> {
    let (group, channel) = chain(spec, n)?;
    let block = Value::Bytes(vec![b'x'; 1 << 20]);
    Cost::repeated(&group, n, || {
        channel.send(&block)?;
        channel.receive()?;
        Ok(())
    })
}

/// A call that all members answer; for each of them.
pub(super) fn members(spec: &str, n: u32) -> Outcome<Cost> {
    let group = group(spec, n)?;
    Cost::repeated(&group, n, || {
        call_all(&group, "answer")?;
        Ok(())
    })
}

/// A queue of what `n` members send, the same number of items for any number of members; for each item.
pub(super) fn receivers(spec: &str, n: u32) -> Outcome<Cost> {
    let group = group(spec, n)?;
    let gateways = group.gateways();
    let channels = gateways
        .iter()
        .map(|gateway| call_with(gateway, "items", ITEMS / n));
    let channels = channels.collect::<Outcome<MultiChannel>>()?;
    let queue = channels.make_receive_queue()?;
    Cost::repeated(&group, ITEMS, || {
        channels.send_each(())?;
        for _ in 0..ITEMS / n * n {
            queue.receive()?;
        }
        Ok(())
    })
}

/// An echo behind `n` gateways.
fn chain(spec: &str, n: u32) -> Outcome<(Group, Channel)> {
    let group = group(spec, 1)?;
    let mut last = group.nth(0).ok_or("no gateway")?;
    for _ in 0..n {
        last = group.make_gateway(format!("{spec}//via={}", last.id()))?;
    }
    let channel = call(&last, "echo")?;
    for _ in 0..ROUND_TRIPS {
        round_trip(&channel)?;
    }
    Ok((group, channel))
}
