//! The end of the link: the threads that are woken, and the reason in their errors.

use alloc::sync::Arc;

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelData, GatewayTerminate};
use execnet_core_sync::frame::ReadError;
use execnet_core_sync::link::{Link, NoControl};
use execnet_core_sync::testing::{self, Faults, PIPE_CAPACITY, within};
use execnet_core_sync::{
    DisconnectReason, Gateway, GatewayConfig, ReceiveError, Role, WaitCloseError,
};
use execnet_serializer::{ChannelId, LoadOptions, Value};

use crate::lost;
use crate::support::{Interrupted, LIMIT, SOON, exec, expect, with, with_gateway};

#[test]
fn interrupted_reads_and_writes_of_a_gateway_are_repeated() {
    within(LIMIT, || {
        let (reader, writer, mut peer) = testing::scripted_halves(PIPE_CAPACITY);
        let control = Arc::new(NoControl);
        let (reader, writer) = (Interrupted::new(reader), Interrupted::new(writer));
        let link = Link::from_std(reader, writer, control);
        let config = GatewayConfig::new("gw0", Role::Initiator);
        let gateway = Gateway::new(link, config).unwrap();
        let channel = exec(&gateway, &mut peer);
        let item = Value::Bytes(vec![7; 1000]);
        channel.send(&item).unwrap();
        let frame = expect(&mut peer, ChannelData, channel.id());
        assert_eq!(LoadOptions::wire().loads(&frame.payload).unwrap(), item);
        peer.send(channel.id(), &item).unwrap();
        assert_eq!(channel.receive().unwrap(), item);
    });
}

#[test]
fn the_end_of_the_link_wakes_all_waiting_threads_with_a_reason() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let waits: Vec<_> = (0..4)
            .map(|n| {
                let channel = channel.clone();
                std::thread::spawn(move || match n % 2 {
                    0 => matches!(channel.receive(), Err(ReceiveError::Disconnected(_))),
                    _ => matches!(channel.wait_close(), Err(WaitCloseError::Disconnected(_))),
                })
            })
            .collect();
        // They most likely wait by then; else they find the gateway disconnected.
        testing::give_way();
        peer.hang_up();
        for wait in waits {
            assert!(wait.join().unwrap());
        }
        let lost = lost(channel.receive().unwrap_err());
        assert!(
            matches!(lost.reason(), DisconnectReason::EndOfStream),
            "{lost:?}"
        );
        assert!(gateway.new_channel().is_err());
        assert!(channel.is_closed());
        assert!(gateway.join_timeout(SOON));
    });
}

#[test]
fn items_that_came_before_the_end_of_the_link_are_received() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), 1).unwrap();
        peer.hang_up();
        assert!(gateway.join_timeout(SOON));
        assert_eq!(channel.receive().unwrap(), Value::from(1));
        lost(channel.receive().unwrap_err());
    });
}

#[test]
fn a_channel_that_ended_before_the_link_ended_well() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        peer.hang_up();
        assert!(gateway.join_timeout(SOON));
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
        channel.wait_close().unwrap();
    });
}

#[test]
fn a_stream_that_ends_inside_a_frame_is_an_error() {
    // EXEC's answer would be an item of 15 bytes.
    let faults = Faults::cut_after(12);
    with(
        Role::Initiator,
        faults,
        Arc::new(NoControl),
        |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            peer.send(channel.id(), 1).unwrap();
            let lost = lost(channel.receive().unwrap_err());
            let text = lost.to_string();
            assert!(text.contains("inside a frame's payload"), "{text}");
        },
    );
}

#[test]
fn a_read_error_is_the_reason_of_the_disconnect() {
    let faults = Faults::fail_after(0, std::io::ErrorKind::ConnectionReset);
    with(
        Role::Initiator,
        faults,
        Arc::new(NoControl),
        |gateway, _peer| {
            assert!(gateway.join_timeout(SOON));
            let lost = gateway.disconnected().unwrap();
            let DisconnectReason::Read(ReadError::Link(error)) = lost.reason() else {
                panic!("{lost}")
            };
            let kind = error.io_error().map(std::io::Error::kind);
            assert_eq!(kind, Some(std::io::ErrorKind::ConnectionReset));
        },
    );
}

#[test]
fn a_peer_that_terminates_ends_the_gateway() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(GatewayTerminate, ChannelId(0), b"").unwrap();
        let lost = lost(channel.receive().unwrap_err());
        assert!(
            matches!(lost.reason(), DisconnectReason::Terminated),
            "{lost:?}"
        );
        assert!(peer.next_frame().unwrap().is_none());
    });
}
