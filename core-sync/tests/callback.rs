//! Callbacks: what they are called with, when, and what happens where they fail.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and so do some callbacks"
)]

extern crate alloc;

mod support;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::mpsc;

use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelLastMessage,
};
use execnet_core_sync::testing;
use execnet_core_sync::{
    CallbackError, Channel, Item, ReceiveError, SendError, SetCallbackError, WaitCloseError,
};
use execnet_serializer::{Bytes, ChannelId, DumpOptions, LoadOptions, Value};

use support::{SOON, eventually, exec, expect, with_gateway};

/// Hands on what the channel's callback is called with; the end marker as `None`.
fn collect(channel: &Channel) -> mpsc::Receiver<Option<Value>> {
    let (sender, calls) = mpsc::channel();
    let hand_on = move |item: Option<Item>| {
        // Who made it may have seen enough.
        let _ = sender.send(item.map(Item::into_value));
    };
    channel.set_callback_with_end_marker(hand_on).unwrap();
    calls
}

fn next(calls: &mpsc::Receiver<Option<Value>>) -> Option<Value> {
    calls.recv_timeout(SOON).unwrap()
}

#[test]
fn items_that_wait_are_handed_over_first() {
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
        assert!(calls.recv_timeout(SOON).is_err(), "called after the end");
    });
}

#[test]
fn none_is_lost_or_doubled_however_setting_and_arrival_race() {
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
fn a_callback_after_the_end_gets_what_is_left() {
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
fn receiving_with_a_callback_is_an_error_also_for_who_waits() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let waiting = std::thread::spawn({
            let channel = channel.clone();
            move || channel.receive()
        });
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
fn waiting_for_the_close_waits_for_a_slow_callback() {
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
fn a_callback_that_sleeps_delays_nobody_who_receives() {
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
fn a_callback_that_panics_closes_its_channel_and_nothing_else() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let other = exec(&gateway, &mut peer);
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        channel
            .set_callback_with_end_marker(move |item: Option<Item>| {
                counted.fetch_add(1, Ordering::SeqCst);
                if let Some(item) = item {
                    panic!("no use for {item}");
                }
            })
            .unwrap();
        let calls_of_other = collect(&other);
        peer.send(channel.id(), 42).unwrap();
        peer.send(channel.id(), 43).unwrap();
        let frame = expect(&mut peer, ChannelCloseError, channel.id());
        let text = LoadOptions::wire().loads(&frame.payload).unwrap();
        assert!(text.as_str().unwrap().contains("no use for 42"), "{text}");
        match channel.wait_close_timeout(SOON) {
            Err(WaitCloseError::Callback(CallbackError::Panicked(account))) => {
                assert_eq!(account, "no use for 42");
            }
            other => panic!("{other:?}"),
        }
        assert!(channel.callback_error().is_some());
        assert!(channel.is_closed());
        assert_eq!(
            calls.load(Ordering::SeqCst),
            1,
            "called again after the panic"
        );
        peer.send(other.id(), "goes on").unwrap();
        assert_eq!(next(&calls_of_other), Some(Value::from("goes on")));
        assert!(gateway.has_receiver());
    });
}

#[test]
fn a_callback_that_returns_an_error_is_told_of_the_end() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let (sender, calls) = mpsc::channel();
        channel
            .set_callback_with_end_marker(move |item: Option<Item>| {
                sender.send(item.is_some()).unwrap();
                item.map_or(Ok(()), |_| Err("not that"))
            })
            .unwrap();
        peer.send(channel.id(), 42).unwrap();
        let frame = expect(&mut peer, ChannelCloseError, channel.id());
        let text = LoadOptions::wire().loads(&frame.payload).unwrap();
        assert!(text.as_str().unwrap().contains("not that"), "{text}");
        assert!(calls.recv_timeout(SOON).unwrap());
        assert!(!calls.recv_timeout(SOON).unwrap());
        assert!(matches!(
            channel.wait_close_timeout(SOON),
            Err(WaitCloseError::Callback(CallbackError::Failed(_)))
        ));
    });
}

#[test]
fn a_panic_at_the_end_marker_hangs_nobody() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel
            .set_callback_with_end_marker(|item: Option<Item>| assert!(item.is_some(), "the end"))
            .unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        assert!(matches!(
            channel.wait_close_timeout(SOON),
            Err(WaitCloseError::Callback(CallbackError::Panicked(_)))
        ));
        let other = exec(&gateway, &mut peer);
        let calls = collect(&other);
        peer.send(other.id(), 1).unwrap();
        assert_eq!(next(&calls), Some(Value::from(1)));
    });
}

#[test]
fn a_callback_whose_captures_panic_when_dropped_hangs_nobody() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let bomb = Bomb;
        channel
            .set_callback(move |_| {
                let _ = &bomb;
            })
            .unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        channel.wait_close_timeout(SOON).unwrap();
        let other = exec(&gateway, &mut peer);
        let calls = collect(&other);
        peer.send(other.id(), 1).unwrap();
        assert_eq!(next(&calls), Some(Value::from(1)));
    });
}

#[test]
fn an_item_for_a_callback_that_cannot_be_decoded_closes_its_channel() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let calls = collect(&channel);
        peer.write(ChannelData, channel.id(), b"U").unwrap();
        expect(&mut peer, ChannelCloseError, channel.id());
        assert_eq!(next(&calls), None);
        assert!(matches!(
            channel.wait_close_timeout(SOON),
            Err(WaitCloseError::Callback(CallbackError::Item(_)))
        ));
    });
}

#[test]
fn a_remote_error_waits_for_who_asks_after_the_end_marker() {
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

#[test]
fn closing_hands_over_what_came_and_then_the_end() {
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

/// What a callback owns may come back to the gateway when it is dropped: here it is the last handle of a channel.
#[test]
fn a_callback_whose_thread_cannot_be_started_hangs_nobody() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let owned = exec(&gateway, &mut peer);
        let id = owned.id();
        testing::refuse_threads(&gateway, true);
        let refused = channel.set_callback(move |item: Item| owned.send(item.into_value()));
        assert!(
            matches!(refused, Err(SetCallbackError::Thread(_))),
            "{refused:?}"
        );
        expect(&mut peer, ChannelClose, id);
        // As if nothing had been tried: items are received, and the channel ends with its last handle.
        assert!(channel.callback_error().is_none());
        peer.send(channel.id(), 1).unwrap();
        let item = channel.receive_timeout(SOON).unwrap();
        assert_eq!(item.as_i64(), Some(1));
        let dropped = exec(&gateway, &mut peer);
        let id = dropped.id();
        assert!(dropped.set_callback(drop).is_err());
        drop(dropped);
        expect(&mut peer, ChannelClose, id);
        testing::refuse_threads(&gateway, false);
        let calls = collect(&channel);
        peer.send(channel.id(), 2).unwrap();
        assert_eq!(next(&calls), Some(Value::from(2)));
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        assert_eq!(next(&calls), None);
        let single = exec(&gateway, &mut peer);
        let id = single.id();
        drop(single);
        expect(&mut peer, ChannelClose, id);
    });
}

/// The second one owns the last handle of a channel as well.
#[test]
fn a_second_callback_is_dropped_without_harm() {
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
