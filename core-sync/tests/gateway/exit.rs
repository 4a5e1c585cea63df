//! How this end ends a gateway: exit, kill, and the drop of its last handle.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelData, GatewayTerminate};
use execnet_core_sync::link::PeerControl;
use execnet_core_sync::testing::{self, Faults};
use execnet_core_sync::{DisconnectReason, Role, SendError};
use execnet_serializer::{Bytes, ChannelId, Value};

use crate::lost;
use crate::support::{SOON, eventually, exec, expect, with, with_gateway};

#[test]
fn exiting_sends_one_frame_and_ends_sending_but_not_receiving() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        gateway.exit();
        gateway.exit();
        expect(&mut peer, GatewayTerminate, ChannelId(0));
        assert!(peer.next_frame().unwrap().is_none());
        assert!(matches!(channel.send(1), Err(SendError::Disconnected(_))));
        assert!(gateway.new_channel().is_err());
        peer.send(channel.id(), "still").unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from("still"));
        assert!(!gateway.join_timeout(Duration::from_millis(20)));
        peer.hang_up();
        let lost = lost(channel.receive().unwrap_err());
        assert!(
            matches!(lost.reason(), DisconnectReason::Exited),
            "{lost:?}"
        );
        assert!(gateway.join_timeout(SOON));
        assert!(!gateway.has_receiver());
    });
}

#[test]
fn exiting_does_not_wait_for_a_blocked_sender() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let valve = peer.valve();
        let sender = std::thread::spawn(move || channel.send(Bytes(vec![0; 1 << 20])));
        // The header is out: the sender holds the writer, and waits for a peer that does not read.
        eventually("the sender writes", || peer.has_unread());
        // It returns before anything lets the sender go.
        gateway.exit();
        assert!(!sender.is_finished());
        valve.cut();
        peer.hang_up();
        assert!(sender.join().unwrap().is_err());
        assert!(gateway.join_timeout(SOON));
    });
}

/// The farewell waits behind a sender: a second one is not put beside it.
#[test]
fn exiting_twice_sends_one_frame() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let id = channel.id();
        let sender = std::thread::spawn(move || channel.send(Bytes(vec![0; 1 << 20])));
        eventually("the sender writes", || peer.has_unread());
        assert!(!gateway.is_exited());
        gateway.exit();
        gateway.exit();
        assert!(gateway.is_exited());
        expect(&mut peer, ChannelData, id);
        expect(&mut peer, GatewayTerminate, ChannelId(0));
        assert!(peer.next_frame().unwrap().is_none());
        sender.join().unwrap().unwrap();
    });
}

#[test]
fn a_close_is_sent_if_no_thread_can_be_started_for_it() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        testing::refuse_threads(&gateway, true);
        channel.close();
        expect(&mut peer, ChannelClose, channel.id());
        gateway.exit();
        expect(&mut peer, GatewayTerminate, ChannelId(0));
        peer.hang_up();
        assert!(gateway.join_timeout(SOON));
    });
}

#[test]
fn dropping_the_last_handle_exits() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        drop(gateway);
        channel.send(1).unwrap();
        expect(&mut peer, ChannelData, channel.id());
        drop(channel);
        expect(&mut peer, ChannelClose, ChannelId(1));
        expect(&mut peer, GatewayTerminate, ChannelId(0));
        assert!(peer.next_frame().unwrap().is_none());
    });
}

#[derive(Debug, Default)]
struct Killer {
    kills: AtomicUsize,
}

impl PeerControl for Killer {
    fn kill(&self) {
        self.kills.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn kill_is_passed_to_the_transport() {
    let killer = Arc::new(Killer::default());
    let faults = Faults::default();
    with(
        Role::Initiator,
        faults,
        killer.clone(),
        move |gateway, _peer| {
            assert_eq!(killer.kills.load(Ordering::Relaxed), 0);
            gateway.kill();
            assert_eq!(killer.kills.load(Ordering::Relaxed), 1);
        },
    );
}
