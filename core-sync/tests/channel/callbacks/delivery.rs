//! The items that a callback gets, their order, and the threads that wait for a callback.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::mpsc;

use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelLastMessage,
};
use execnet_core_sync::testing;
use execnet_core_sync::{Item, ReceiveError, SetCallbackError, WaitCloseError};
use execnet_serializer::{Bytes, ChannelId, Value};

use super::{collect, next};
use crate::support::{self, SOON, exec, expect, with_gateway};

#[test]
fn queued_items_are_delivered_before_later_ones() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let other = exec(&gateway, &mut peer);
        for number in 0..50 {
            peer.send(channel.id(), number).unwrap();
        }
        peer.send(other.id(), "all read").unwrap();
        other.receive().unwrap();
        let calls = collect(&channel);
        for number in 50..100 {
            peer.send(channel.id(), number).unwrap();
        }
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        for number in 0..100 {
            assert_eq!(next(&calls), Some(Value::from(number)));
        }
        assert_eq!(next(&calls), None);
        // The callback is dropped after the end marker.
        assert_eq!(
            calls.recv_timeout(SOON),
            Err(mpsc::RecvTimeoutError::Disconnected)
        );
    });
}

#[test]
fn no_item_is_lost_or_duplicated_while_a_callback_is_set() {
    with_gateway(|gateway, mut peer| {
        for round in 0..200u32 {
            let channel = exec(&gateway, &mut peer);
            let id = channel.id();
            let (sender, calls) = mpsc::channel();
            let setter = std::thread::spawn(move || {
                // From one round to the next it comes later.
                (0..round * 20).for_each(|_| core::hint::spin_loop());
                let call =
                    move |item: Option<Item>| sender.send(item.map(Item::into_value)).unwrap();
                channel.set_callback_with_end_marker(call).unwrap();
                channel
            });
            for number in 0..20 {
                peer.send(id, number).unwrap();
            }
            peer.write(ChannelClose, id, b"").unwrap();
            for number in 0..20 {
                assert_eq!(next(&calls), Some(Value::from(number)), "round {round}");
            }
            assert_eq!(next(&calls), None);
            setter.join().unwrap().wait_close_timeout(SOON).unwrap();
        }
    });
}

#[test]
fn a_callback_set_after_the_end_gets_the_remaining_items() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), 1).unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        channel.wait_close_timeout(SOON).unwrap();
        let calls = collect(&channel);
        assert_eq!(next(&calls), Some(Value::from(1)));
        assert_eq!(next(&calls), None);
    });
}

#[test]
fn setting_a_callback_ends_waiting_and_later_receives_with_an_error() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let waiting = std::thread::spawn({
            let channel = channel.clone();
            move || channel.receive()
        });
        // It most likely waits by then; else it finds the callback.
        testing::give_way();
        channel.set_callback(drop).unwrap();
        assert!(matches!(
            waiting.join().unwrap(),
            Err(ReceiveError::HasCallback)
        ));
        assert!(matches!(channel.receive(), Err(ReceiveError::HasCallback)));
        assert!(matches!(
            channel.set_callback(drop),
            Err(SetCallbackError::HasCallback)
        ));
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        channel.wait_close_timeout(SOON).unwrap();
        assert!(matches!(
            channel.try_receive(),
            Err(ReceiveError::HasCallback)
        ));
    });
}

#[test]
fn wait_close_waits_for_a_slow_callback() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let (go, gate) = mpsc::channel::<()>();
        let done = Arc::new(AtomicUsize::new(0));
        let counted = done.clone();
        channel
            .set_callback(move |_| {
                gate.recv().unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .unwrap();
        peer.send(channel.id(), 42).unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        let early = channel.wait_close_timeout(Duration::from_millis(30));
        assert!(matches!(early, Err(WaitCloseError::Timeout)), "{early:?}");
        go.send(()).unwrap();
        channel.wait_close_timeout(SOON).unwrap();
        assert_eq!(done.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_callback_that_blocks_delays_no_receiver() {
    with_gateway(|gateway, mut peer| {
        let slow = exec(&gateway, &mut peer);
        let quick = exec(&gateway, &mut peer);
        let (go, gate) = mpsc::channel::<()>();
        slow.set_callback(move |_| {
            let _ = gate.recv();
        })
        .unwrap();
        peer.send(slow.id(), 1).unwrap();
        // It sleeps until the end of the test: what waited for it would be too late.
        for number in 0..100 {
            peer.send(quick.id(), number).unwrap();
            let item = quick.receive_timeout(SOON).unwrap();
            assert_eq!(item, Value::from(number));
        }
        // Neither the status nor the farewell waits for it.
        peer.write(
            execnet_core_sync::frame::MessageCode::Status,
            ChannelId(7),
            b"",
        )
        .unwrap();
        expect(&mut peer, ChannelCloseError, ChannelId(7));
        drop(go);
    });
}

#[test]
fn channels_in_items_for_a_callback_are_live_handles() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel
            .set_callback(|item: Item| item.as_channel().unwrap().send("hello").unwrap())
            .unwrap();
        drop(channel);
        peer.send(ChannelId(1), ChannelId(2)).unwrap();
        let frames = [peer.expect().unwrap(), peer.expect().unwrap()];
        let codes = frames.map(|frame| (frame.code, frame.channel));
        // The item's channel goes with the item.
        assert_eq!(
            codes,
            [
                (ChannelLastMessage, ChannelId(1)),
                (ChannelData, ChannelId(2))
            ]
        );
        expect(&mut peer, ChannelClose, ChannelId(2));
    });
}

/// The second one owns the last handle of a channel as well.
#[test]
fn a_second_callback_is_refused_and_dropped() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let owned = exec(&gateway, &mut peer);
        let id = owned.id();
        let _calls = collect(&channel);
        let refused = channel.set_callback(move |item: Item| owned.send(item.into_value()));
        assert!(
            matches!(refused, Err(SetCallbackError::HasCallback)),
            "{refused:?}"
        );
        expect(&mut peer, ChannelClose, id);
    });
}

#[test]
fn sending_from_callbacks_on_both_sides_with_full_pipes_does_not_deadlock() {
    support::with_pair(|near, far| {
        const ITEMS: usize = 200;
        let (done, finished) = mpsc::channel();
        for gateway in [near.0.clone(), far.0.clone()] {
            assert!(gateway.has_receiver());
        }
        for channel in [near.1.clone(), far.1.clone()] {
            let own = channel.clone();
            let done = done.clone();
            let mut seen = 0;
            let echo = move |_| {
                seen += 1;
                if seen <= ITEMS {
                    own.send(Bytes(vec![0; 20_000])).unwrap();
                } else {
                    done.send(()).unwrap();
                }
            };
            channel.set_callback(echo).unwrap();
        }
        // So much is on the way that all pipes are full all the time.
        for channel in [near.1, far.1] {
            std::thread::spawn(move || {
                for _ in 0..ITEMS {
                    channel.send(Bytes(vec![0; 20_000])).unwrap();
                }
            });
        }
        for _ in 0..2 {
            finished.recv_timeout(SOON).unwrap();
        }
    });
}
