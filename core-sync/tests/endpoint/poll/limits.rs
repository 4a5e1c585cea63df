//! Limits of a polled endpoint: on unwritten answers, and on reading.

use execnet_core_sync::endpoint::{Endpoint, EndpointChannel, EndpointConfig, Functions};
use execnet_core_sync::frame::Header;
use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelExec, Reconfigure, Status,
};
use execnet_core_sync::{InboxOverflow, ReceiveError, Role, SendError};
use execnet_serializer::{Bytes, ChannelId, Dict, DumpOptions, Value};

use super::{Bench, Half};

#[test]
fn no_requests_are_read_of_a_peer_that_reads_no_replies() {
    let bench = Bench::new(Role::Worker);
    bench.to_peer.way().room = 0;
    for _ in 0..10_000 {
        bench.write(Status, ChannelId(9), b"");
    }
    let before = bench.to_endpoint.way().bytes.len();
    for _ in 0..1000 {
        bench.endpoint.poll().unwrap();
    }
    let handled = (before - bench.to_endpoint.way().bytes.len()) / Header::SIZE;
    // One read may fetch more requests than are answered.
    assert!(handled < 1000, "{handled} questions were taken");
    bench.to_peer.way().room = usize::MAX;
    while bench.endpoint.poll().unwrap() {}
    assert_eq!(bench.codes().len(), 20_000);
}

#[test]
fn two_polled_endpoints_that_drop_many_channels_do_not_stop_each_other() {
    let ways = [(); 2].map(|()| Half::default());
    for way in &ways {
        way.way().limit = 64;
    }
    let [there, back] = &ways;
    let end = |reader: &Half, writer: &Half, role| {
        Endpoint::pollable(reader.clone(), writer.clone(), EndpointConfig::new(role))
    };
    let near = end(back, there, Role::Initiator);
    let far = end(there, back, Role::Worker);
    for endpoint in [&near, &far] {
        let channels: Vec<_> = (0..1000).map(|_| endpoint.new_channel().unwrap()).collect();
        drop(channels);
    }
    let mut idle = 0;
    for _ in 0..100_000 {
        let progress = [&near, &far].map(|endpoint| endpoint.poll().unwrap());
        idle = if progress.contains(&true) {
            0
        } else {
            idle + 1
        };
        if idle > 2 {
            break;
        }
    }
    let left = ways.map(|way| way.way().bytes.len());
    assert_eq!(left, [0, 0], "both pipes are full");
}

#[test]
fn the_default_limits_of_an_endpoint_are_small() {
    let bench = Bench::new(Role::Initiator);
    let channel = bench.endpoint.new_channel().unwrap();
    // The fourth is above 64 KiB, the fifth too many.
    for number in 0..5 {
        bench.send(channel.id(), (number, Bytes(vec![0; 20_000])));
    }
    while bench.endpoint.poll().unwrap() {}
    assert_eq!(bench.codes(), [(ChannelCloseError, 1)]);
    for _ in 0..4 {
        channel.receive().unwrap();
    }
    let limit = 64 << 10;
    assert_eq!(
        channel.receive().unwrap_err(),
        ReceiveError::Overflow(InboxOverflow { limit })
    );
    assert_eq!(channel.send(1), Err(SendError::Closed));
    // On many channels together four times as much.
    let channels: Vec<_> = (0..20)
        .map(|_| bench.endpoint.new_channel().unwrap())
        .collect();
    for channel in &channels {
        bench.send(channel.id(), Bytes(vec![0; 20_000]));
    }
    while bench.endpoint.poll().unwrap() {}
    let taken = channels
        .iter()
        .filter(|channel| channel.try_receive().is_ok());
    assert_eq!(taken.count(), (256usize << 10).div_ceil(20_000 + 64 + 6));
}

#[test]
fn an_item_above_the_limit_closes_its_channel_alone() {
    let bench = Bench::new(Role::Initiator);
    let long = bench.endpoint.new_channel().unwrap();
    let other = bench.endpoint.new_channel().unwrap();
    bench.send(long.id(), 1);
    bench.send(long.id(), Bytes(vec![0; 1 << 20]));
    bench.send(ChannelId(99), Bytes(vec![0; 1 << 20]));
    bench.send(other.id(), 2);
    while bench.endpoint.poll().unwrap() {}
    assert_eq!(bench.codes(), [(ChannelCloseError, 1)]);
    assert_eq!(long.receive().unwrap(), Value::from(1));
    let limit = 1 << 20;
    assert_eq!(
        long.receive().unwrap_err(),
        ReceiveError::Overflow(InboxOverflow { limit })
    );
    assert_eq!(other.receive().unwrap(), Value::from(2));
}

#[test]
fn a_call_above_the_limit_is_refused_and_others_are_served() {
    let bench = Bench::new(Role::Worker);
    let mut functions = Functions::new();
    functions.register("next", |channel: &EndpointChannel| channel.send(1));
    let call = |source: &str| {
        let arguments = (source, Value::None, Value::None, Dict::new());
        DumpOptions::wire().dumps(&arguments).unwrap()
    };
    bench.write(ChannelExec, ChannelId(1), &call(&"x".repeat(1 << 20)));
    bench.write(ChannelExec, ChannelId(3), &call("next"));
    while bench.endpoint.poll().unwrap() | bench.endpoint.serve_pending(&functions) {}
    let codes = [(ChannelCloseError, 1), (ChannelData, 3), (ChannelClose, 3)];
    assert_eq!(bench.codes(), codes);
}

#[test]
fn any_other_frame_above_the_limit_ends_the_endpoint() {
    let bench = Bench::new(Role::Initiator);
    bench.write(Reconfigure, ChannelId(0), &[0; (1 << 20) + 1]);
    let lost = bench.endpoint.poll().unwrap_err().to_string();
    assert!(lost.contains("above the limit of 1048576"), "{lost}");
}
