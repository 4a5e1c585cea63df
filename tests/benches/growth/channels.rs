//! Channels: many at the same time, and many one after the other.

use super::cost::Cost;
use super::figures::Outcome;
use super::{call, gateway};

/// `n` channels that are open at the same time: each is made and gets an item, then all are closed.
pub(super) fn open(spec: &str, n: u32) -> Outcome<Cost> {
    let (group, gateway) = gateway(spec)?;
    let keeper = call(&gateway, "keep")?;
    Cost::repeated(&group, n, || {
        let mut channels = Vec::new();
        for _ in 0..n {
            let channel = gateway.new_channel()?;
            keeper.send(&channel)?;
            channels.push(channel);
        }
        for channel in &channels {
            channel.receive()?;
        }
        keeper.send(())?;
        keeper.receive()?;
        Ok(())
    })
}

/// `n` calls, each with an item and the end of its channel before the next.
pub(super) fn life(spec: &str, n: u32) -> Outcome<Cost> {
    let (group, gateway) = gateway(spec)?;
    Cost::once(&group, n, || {
        for _ in 0..n {
            let channel = call(&gateway, "answer")?;
            channel.receive()?;
            channel.wait_close()?;
        }
        Ok(())
    })
}
