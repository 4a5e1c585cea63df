//! Callbacks: when they are called and with what.

mod delivery;
mod end;
mod failures;

use std::sync::mpsc;

use execnet_core_sync::{Channel, Item};
use execnet_serializer::Value;

use crate::support::SOON;

/// Hands on what the channel's callback is called with; the end marker as `None`.
fn collect(channel: &Channel) -> mpsc::Receiver<Option<Value>> {
    let (sender, calls) = mpsc::channel();
    let hand_on = move |item: Option<Item>| {
        // The receiver may be gone.
        let _ = sender.send(item.map(Item::into_value));
    };
    channel.set_callback_with_end_marker(hand_on).unwrap();
    calls
}

fn next(calls: &mpsc::Receiver<Option<Value>>) -> Option<Value> {
    calls.recv_timeout(SOON).unwrap()
}
