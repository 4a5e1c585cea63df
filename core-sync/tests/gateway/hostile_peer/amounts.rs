//! Too many valid frames: channels and requests beyond the limits.

use alloc::sync::Arc;

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelData, Status};
use execnet_core_sync::link::NoControl;
use execnet_core_sync::session::ProtocolError;
use execnet_core_sync::testing::{self, Faults, PIPE_CAPACITY, within};
use execnet_core_sync::{
    DisconnectReason, Gateway, GatewayConfig, ItemError, ReceiveError, RefusedId, Role,
};
use execnet_serializer::ChannelId;

use crate::support::{LIMIT, SOON, eventually, exec, expect, with, with_gateway};

#[test]
fn a_peer_cannot_make_more_channels_than_it_may() {
    within(LIMIT, || {
        let (link, mut peer) = testing::scripted(PIPE_CAPACITY);
        let config = GatewayConfig::new("gw0", Role::Initiator).with_max_peer_channels(3);
        let gateway = Gateway::new(link, config).unwrap();
        let channel = exec(&gateway, &mut peer);
        let ids = |ids: &[i32]| ids.iter().copied().map(ChannelId).collect::<Vec<_>>();
        peer.send(channel.id(), ids(&[2, 4])).unwrap();
        peer.send(channel.id(), ids(&[6, 8])).unwrap();
        peer.send(channel.id(), ids(&[6])).unwrap();
        let first = channel.receive().unwrap();
        match channel.receive() {
            Err(ReceiveError::Item(ItemError::Channel(refused))) => {
                let (id, limit) = (ChannelId(8), 3);
                assert_eq!(refused, RefusedId::TooMany { id, limit });
            }
            other => panic!("{other:?}"),
        }
        let third = channel.receive().unwrap();
        // Dropped channels make room.
        drop((first, third));
        for _ in 0..3 {
            peer.expect().unwrap();
        }
        peer.send(channel.id(), ids(&[8, 10, 12])).unwrap();
        assert_eq!(channel.receive().unwrap().channels().len(), 3);
    });
}

#[test]
fn an_id_of_ours_that_was_dropped_can_be_named_again() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let shared = gateway.new_channel().unwrap();
        let id = shared.id();
        drop(shared);
        expect(&mut peer, ChannelClose, id);
        peer.send(channel.id(), id).unwrap();
        let item = channel.receive().unwrap();
        assert_eq!(item.as_channel().unwrap().id(), id);
    });
}

#[test]
fn a_peer_that_requests_and_never_reads_cannot_fill_memory() {
    with(
        Role::Worker,
        Faults::default(),
        Arc::new(NoControl),
        |gateway, mut peer| {
            // The answers fill the pipe, then the queue; then it is enough.
            let mut refused = None;
            for _ in 0..100_000 {
                if let Err(error) = peer.write(Status, ChannelId(1), b"") {
                    refused = Some(error);
                    break;
                }
            }
            assert!(refused.is_some(), "100000 questions were taken");
            eventually("the gateway has ended", || !gateway.has_receiver());
            let reason = gateway.disconnected().unwrap();
            assert!(
                matches!(
                    reason.reason(),
                    DisconnectReason::Protocol(ProtocolError::TooManyReplies { .. })
                ),
                "{reason:?}"
            );
            // The writer thread can block in an answer that the peer does not read. The transport has to end that.
            peer.valve().cut();
            assert!(gateway.join_timeout(SOON));
        },
    );
}

/// The peer reads late: more answers wait than its pipe holds.
#[test]
fn a_burst_of_status_requests_is_answered() {
    const QUESTIONS: i32 = 10_000;
    with(
        Role::Worker,
        Faults::default(),
        Arc::new(NoControl),
        |gateway, mut peer| {
            for number in 0..QUESTIONS {
                peer.write(Status, ChannelId(2 * number + 1), b"").unwrap();
            }
            for number in 0..QUESTIONS {
                let id = ChannelId(2 * number + 1);
                expect(&mut peer, ChannelData, id);
                expect(&mut peer, ChannelClose, id);
            }
            assert!(gateway.has_receiver());
        },
    );
}
