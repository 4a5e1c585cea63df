//! Limits on what a gateway keeps for receivers, and which sender has to wait.

mod credit;
mod inbox;
mod pause;
mod queues;
mod send_all;

use execnet_core_sync::{GatewayConfig, InboxLimits};

fn channel_of_1000(config: GatewayConfig) -> GatewayConfig {
    config.with_inbox(InboxLimits::default().with_channel(Some(1000)))
}

fn credit(config: GatewayConfig) -> GatewayConfig {
    config.with_credit(Some(100_000))
}
