//! How channels and links of endpoints end, and what a peer must not do.

use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelData, ChannelExec, GatewayTerminate,
};
use execnet_core_sync::{DisconnectReason, ReceiveError, Role, SendError, WaitCloseError};
use execnet_serializer::{ChannelId, Value};

use crate::{functions, scripted, support};

#[test]
fn dropping_a_channel_of_an_endpoint_closes_it() {
    scripted(Role::Initiator, |endpoint, mut peer| {
        let channel = endpoint.remote_exec("anything").unwrap();
        support::expect(&mut peer, ChannelExec, ChannelId(1));
        channel.send(1).unwrap();
        support::expect(&mut peer, ChannelData, ChannelId(1));
        drop(channel);
        // It leaves with the next frame, in front of it.
        endpoint.exit();
        support::expect(&mut peer, ChannelClose, ChannelId(1));
        support::expect(&mut peer, GatewayTerminate, ChannelId(0));
        assert!(peer.next_frame().unwrap().is_none());
        assert!(matches!(
            endpoint.new_channel(),
            Err(SendError::Disconnected(_))
        ));
    });
}

#[test]
fn an_endpoint_reports_how_it_lost_its_peer() {
    scripted(Role::Initiator, |endpoint, mut peer| {
        let channel = endpoint.remote_exec("anything").unwrap();
        peer.send(channel.id(), "before").unwrap();
        peer.write_raw(b"\x04\0\0").unwrap();
        peer.hang_up();
        assert_eq!(channel.receive().unwrap(), Value::from("before"));
        let Err(ReceiveError::Disconnected(lost)) = channel.receive() else {
            panic!("there is no more");
        };
        assert!(
            lost.to_string().contains("inside a frame's header"),
            "{lost}"
        );
        assert!(matches!(
            channel.wait_close(),
            Err(WaitCloseError::Disconnected(_))
        ));
        assert!(channel.send(1).is_err());
        assert!(endpoint.disconnected().is_some());
    });
}

#[test]
fn a_peer_that_breaks_the_protocol_ends_serving() {
    scripted(Role::Worker, |endpoint, mut peer| {
        peer.write_raw(b"Welcome!!").unwrap();
        let lost = endpoint.serve(&functions()).unwrap_err();
        assert!(
            matches!(lost.reason(), DisconnectReason::Protocol(_)),
            "{lost:?}"
        );
        assert!(peer.next_frame().unwrap().is_none());
    });
}

#[test]
fn an_endpoint_that_controls_refuses_calls() {
    use execnet_core_sync::frame::MessageCode::ChannelCloseError;
    scripted(Role::Initiator, |endpoint, mut peer| {
        let channel = endpoint.remote_exec("anything").unwrap();
        support::expect(&mut peer, ChannelExec, channel.id());
        peer.write(ChannelExec, ChannelId(2), b"").unwrap();
        peer.send(channel.id(), 1).unwrap();
        channel.receive().unwrap();
        support::expect(&mut peer, ChannelCloseError, ChannelId(2));
    });
}
