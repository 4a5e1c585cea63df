//! The throughput of a channel between two Rust processes.

use execnet::serializer::Dict;
use execnet::{Channel, Gateway, value};

use super::figures::{self, Outcome, seconds, tell};
use super::workers;

const ITEMS: u32 = 500_000;
const ECHOES: u32 = 200;

pub(super) fn echo() -> Outcome {
    let (gateway, mut child) = workers::gateway()?;
    let channel = gateway.remote_exec("echo")?;
    figures::echo(&channel, ECHOES)?;
    gateway.exit();
    child.wait()?;
    Ok(())
}

pub(super) fn one_way() -> Outcome {
    let (gateway, mut child) = workers::gateway()?;
    let single = |channel: &Channel| -> Outcome {
        for item in 0..ITEMS {
            channel.send(item)?;
        }
        Ok(())
    };
    to_worker(&gateway, "items to the worker", single)?;
    to_worker(&gateway, "batched items to the worker", |channel| {
        Ok(channel.send_all(0..ITEMS)?)
    })?;
    from_worker(&gateway, "items from the worker", "items")?;
    from_worker(&gateway, "batched items from the worker", "batch")?;
    gateway.exit();
    child.wait()?;
    Ok(())
}

fn to_worker(gateway: &Gateway, what: &str, send: impl Fn(&Channel) -> Outcome) -> Outcome {
    let channel = gateway.remote_exec("count")?;
    let took = seconds(|| {
        send(&channel)?;
        channel.send(())?;
        let count = channel.receive()?.as_i64();
        (count == Some(i64::from(ITEMS)))
            .then_some(())
            .ok_or_else(|| format!("{ITEMS} items were sent, {count:?} came").into())
    })?;
    tell(what, f64::from(ITEMS) / took, "items/s");
    Ok(())
}

fn from_worker(gateway: &Gateway, what: &str, function: &str) -> Outcome {
    let kwargs: Dict = [(value!("n"), value!(ITEMS))].into_iter().collect();
    let channel = gateway.remote_exec_function(function, function, &kwargs)?;
    let took = seconds(|| {
        channel.send(())?;
        for _ in 0..ITEMS {
            channel.receive()?;
        }
        Ok(())
    })?;
    tell(what, f64::from(ITEMS) / took, "items/s");
    Ok(())
}
