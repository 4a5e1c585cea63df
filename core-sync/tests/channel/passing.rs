//! Channels inside items: each is a live handle, and closes with its last handle.

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelData};
use execnet_core_sync::{ItemError, ReceiveError};
use execnet_serializer::{ChannelId, Value};

use crate::support::{exec, expect, with_gateway};

#[test]
fn a_channel_in_an_item_is_a_live_handle() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        // The item that names channel 2 and the first item of channel 2 come in one go.
        peer.send(channel.id(), (ChannelId(2), "take it")).unwrap();
        peer.send(ChannelId(2), "first").unwrap();
        let item = channel.receive().unwrap();
        let fresh = item.channel(ChannelId(2)).unwrap().clone();
        drop(item);
        assert_eq!(fresh.receive().unwrap(), Value::from("first"));
        fresh.send(1).unwrap();
        expect(&mut peer, ChannelData, ChannelId(2));
    });
}

#[test]
fn a_channel_sent_to_the_peer_and_back_is_the_same() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel.send((&channel, 1)).unwrap();
        let frame = expect(&mut peer, ChannelData, channel.id());
        peer.write(ChannelData, channel.id(), &frame.payload)
            .unwrap();
        let item = channel.receive().unwrap();
        assert_eq!(item.as_slice().map(<[_]>::len), Some(2));
        assert_eq!(item.channel(channel.id()), Some(&channel));
    });
}

#[test]
fn channels_of_an_item_that_is_dropped_are_closed() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), vec![ChannelId(2), ChannelId(4)])
            .unwrap();
        let value = channel.receive().unwrap().into_value();
        assert_eq!(value, Value::from(vec![ChannelId(2), ChannelId(4)]));
        expect(&mut peer, ChannelClose, ChannelId(2));
        expect(&mut peer, ChannelClose, ChannelId(4));
    });
}

#[test]
fn channels_in_unreceived_items_are_closed_with_their_channel() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), ChannelId(2)).unwrap();
        peer.send(ChannelId(2), ChannelId(4)).unwrap();
        peer.send(channel.id(), 0).unwrap();
        // An item for channel 4 shows that all three were read.
        peer.send(channel.id(), ChannelId(6)).unwrap();
        let other = exec(&gateway, &mut peer);
        peer.send(other.id(), "read").unwrap();
        assert_eq!(other.receive().unwrap(), Value::from("read"));
        drop(channel);
        let mut closed: Vec<_> = (0..4).map(|_| peer.expect().unwrap().channel.0).collect();
        closed.sort_unstable();
        assert_eq!(closed, [1, 2, 4, 6]);
    });
}

#[test]
fn an_item_that_names_a_refused_channel_id_is_an_error_of_that_receive_alone() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for refused in [0, -2, i32::MIN, 3, i32::MAX] {
            peer.send(channel.id(), (ChannelId(2), ChannelId(refused)))
                .unwrap();
        }
        peer.send(channel.id(), "fine").unwrap();
        for _ in 0..5 {
            let received = channel.receive();
            assert!(
                matches!(received, Err(ReceiveError::Item(ItemError::Channel(_)))),
                "{received:?}"
            );
        }
        assert_eq!(channel.receive().unwrap(), Value::from("fine"));
        // The next channel of ours is 3, though the peer named it.
        assert_eq!(gateway.new_channel().unwrap().id(), ChannelId(3));
    });
}

#[test]
fn a_channel_that_only_a_waiting_item_names_stays_open() {
    with_gateway(|gateway, mut peer| {
        let carrier = exec(&gateway, &mut peer);
        let named = gateway.new_channel().unwrap();
        let id = named.id();
        peer.send(carrier.id(), id).unwrap();
        peer.send(id, "before").unwrap();
        // Both have come when this has.
        let last = exec(&gateway, &mut peer);
        peer.send(last.id(), ()).unwrap();
        last.receive().unwrap();
        drop(named);
        // A CLOSE would be in front of this.
        last.send(1).unwrap();
        expect(&mut peer, ChannelData, last.id());
        let item = carrier.receive().unwrap();
        let again = item.as_channel().unwrap();
        assert_eq!(again.receive().unwrap(), Value::from("before"));
        peer.send(id, "after").unwrap();
        assert_eq!(again.receive().unwrap(), Value::from("after"));
        drop(item);
        expect(&mut peer, ChannelClose, id);
    });
}
