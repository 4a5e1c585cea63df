//! The end of a channel that has a callback: the end marker, and the last messages of both sides.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelLastMessage,
};
use execnet_core_sync::{Item, SendError, WaitCloseError};
use execnet_serializer::{ChannelId, DumpOptions, Value};

use super::{collect, next};
use crate::support::{SOON, eventually, exec, expect, with_gateway};

#[test]
fn a_callback_after_the_link_ended_still_gets_its_end() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.hang_up();
        eventually("the link has ended", || !gateway.has_receiver());
        assert!(gateway.join_timeout(SOON));
        let calls = collect(&channel);
        assert_eq!(next(&calls), None);
        assert!(matches!(
            channel.wait_close_timeout(SOON),
            Err(WaitCloseError::Disconnected(_))
        ));
        assert!(
            gateway.join_timeout(SOON),
            "the thread that called is still there"
        );
    });
}

#[test]
fn without_an_end_marker_the_end_is_no_call() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        channel
            .set_callback(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
        peer.send(channel.id(), 1).unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        channel.wait_close_timeout(SOON).unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn wait_close_returns_the_remote_error_after_the_end_marker() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let calls = collect(&channel);
        let text = DumpOptions::wire().dumps("ValueError").unwrap();
        peer.write(ChannelCloseError, channel.id(), &text).unwrap();
        assert_eq!(next(&calls), None);
        match channel.wait_close_timeout(SOON) {
            Err(WaitCloseError::Remote(error)) => assert_eq!(error.text(), "ValueError"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn dropping_a_channel_with_a_callback_ends_sending_only() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let id = channel.id();
        let calls = collect(&channel);
        drop(channel);
        expect(&mut peer, ChannelLastMessage, id);
        for number in 0..3 {
            peer.send(id, number).unwrap();
            assert_eq!(next(&calls), Some(Value::from(number)));
        }
        peer.write(ChannelClose, id, b"").unwrap();
        assert_eq!(next(&calls), None);
        eventually("the channel is gone", || {
            gateway.to_string().contains("0 active channels")
        });
    });
}

/// The peer was told that nothing more is sent: it would drop the item without a word.
#[test]
fn after_its_last_message_a_channel_that_comes_back_cannot_send() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let id = channel.id();
        let (sender, calls) = mpsc::channel();
        channel
            .set_callback(move |item: Item| sender.send(item))
            .unwrap();
        drop(channel);
        expect(&mut peer, ChannelLastMessage, id);
        peer.send(id, id).unwrap();
        let item = calls.recv_timeout(SOON).unwrap();
        let again = item.as_channel().unwrap();
        assert!(again.is_closed());
        assert!(matches!(again.send(1), Err(SendError::Closed)));
    });
}

#[test]
fn last_messages_of_both_sides_end_the_callback() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let id = channel.id();
        let calls = collect(&channel);
        drop(channel);
        expect(&mut peer, ChannelLastMessage, id);
        peer.write(ChannelLastMessage, id, b"").unwrap();
        assert_eq!(next(&calls), None);
        eventually("the channel is gone", || {
            gateway.to_string().contains("0 active channels")
        });
        // Both know: the next frame is another one.
        let other = gateway.new_channel().unwrap();
        other.send(2).unwrap();
        expect(&mut peer, ChannelData, other.id());
    });
}

#[test]
fn closing_delivers_the_received_items_and_the_end_marker() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let calls = collect(&channel);
        peer.send(channel.id(), 1).unwrap();
        assert_eq!(next(&calls), Some(Value::from(1)));
        channel.close();
        assert_eq!(next(&calls), None);
        expect(&mut peer, ChannelClose, channel.id());
        channel.wait_close_timeout(SOON).unwrap();
    });
}

#[test]
fn a_callback_can_close_its_own_channel() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let own = channel.clone();
        channel.set_callback(move |_| own.close()).unwrap();
        peer.send(channel.id(), 1).unwrap();
        expect(&mut peer, ChannelClose, channel.id());
        channel.wait_close_timeout(SOON).unwrap();
    });
}

#[test]
fn a_callback_cannot_wait_for_its_own_thread() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let (sender, joined) = mpsc::channel();
        let own = gateway.clone();
        channel
            .set_callback(move |_| sender.send(own.join()).unwrap())
            .unwrap();
        peer.send(channel.id(), 1).unwrap();
        assert!(!joined.recv_timeout(SOON).unwrap());
    });
}

#[test]
fn the_end_of_the_gateway_ends_all_callbacks_and_the_threads() {
    with_gateway(|gateway, mut peer| {
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let channel = exec(&gateway, &mut peer);
                let calls = collect(&channel);
                let id = channel.id();
                drop(channel);
                expect(&mut peer, ChannelLastMessage, id);
                calls
            })
            .collect();
        peer.hang_up();
        assert!(gateway.join_timeout(SOON));
        for calls in calls {
            assert_eq!(calls.try_recv(), Ok(None));
        }
    });
}

#[test]
fn a_registered_callback_does_not_keep_its_gateway() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let calls = collect(&channel);
        drop((channel, gateway));
        expect(&mut peer, ChannelLastMessage, ChannelId(1));
        expect(
            &mut peer,
            execnet_core_sync::frame::MessageCode::GatewayTerminate,
            ChannelId(0),
        );
        // What still comes is handed over, with the channels in it.
        peer.send(ChannelId(1), vec![ChannelId(2)]).unwrap();
        assert!(next(&calls).is_some());
        peer.hang_up();
        assert_eq!(next(&calls), None);
    });
}
