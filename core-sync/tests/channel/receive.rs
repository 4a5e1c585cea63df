//! Receiving: order, timeouts, iteration, several receivers, and items that cannot be decoded.

use core::time::Duration;

use execnet_core_sync::frame::Header;
use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelCloseError, ChannelData};
use execnet_core_sync::{ItemError, ReceiveError};
use execnet_serializer::{DumpOptions, Value};

use crate::support::{SOON, eventually, exec, expect, with_gateway};
use crate::text;

#[test]
fn items_are_received_in_their_order() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for number in 0..100 {
            peer.send(channel.id(), number).unwrap();
        }
        for number in 0..100 {
            assert_eq!(channel.receive().unwrap(), Value::from(number));
        }
    });
}

#[test]
fn a_receive_with_a_timeout_returns_an_item_or_times_out() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let nothing = channel.receive_timeout(Duration::from_millis(20));
        assert!(matches!(nothing, Err(ReceiveError::Timeout)), "{nothing:?}");
        peer.send(channel.id(), "late").unwrap();
        assert_eq!(channel.receive_timeout(SOON).unwrap(), Value::from("late"));
    });
}

#[test]
fn try_receive_does_not_block() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        assert!(channel.try_receive().unwrap().is_none());
        peer.send(channel.id(), 1).unwrap();
        let mut item = None;
        eventually("the item is there", || {
            item = channel.try_receive().unwrap();
            item.is_some()
        });
        assert_eq!(item.unwrap(), Value::from(1));
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        channel.wait_close_timeout(SOON).unwrap();
        assert!(matches!(channel.try_receive(), Err(ReceiveError::Closed)));
    });
}

#[test]
fn a_remote_error_comes_after_the_items_and_once() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), 42).unwrap();
        let traceback = "Traceback (most recent call last):\nValueError";
        peer.write(ChannelCloseError, channel.id(), &text(traceback))
            .unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from(42));
        match channel.receive() {
            Err(ReceiveError::Remote(error)) => assert_eq!(error.text(), traceback),
            other => panic!("{other:?}"),
        }
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
    });
}

#[test]
fn an_error_from_python_2_is_read_as_latin_1() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(ChannelCloseError, channel.id(), b"M\0\0\0\x02\xe9!Q")
            .unwrap();
        match channel.receive() {
            Err(ReceiveError::Remote(error)) => assert_eq!(error.text(), "é!"),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn iteration_ends_with_the_channel() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for number in 0..3 {
            peer.send(channel.id(), number).unwrap();
        }
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        let items: Result<Vec<_>, _> = channel.iter().collect();
        let expected = [0, 1, 2].map(Value::from);
        assert_eq!(items.unwrap(), expected);
    });
}

#[test]
fn iteration_yields_the_error_and_ends() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(ChannelCloseError, channel.id(), &text("boom"))
            .unwrap();
        let mut items = channel.iter();
        assert!(matches!(items.next(), Some(Err(ReceiveError::Remote(_)))));
        assert!(items.next().is_none());
    });
}

#[test]
fn an_item_wakes_a_receiver_and_no_thread_in_wait_close() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let wait =
            |channel: execnet_core_sync::Channel| std::thread::spawn(move || channel.wait_close());
        let closers: Vec<_> = (0..4).map(|_| wait(channel.clone())).collect();
        let receiver = std::thread::spawn({
            let channel = channel.clone();
            move || {
                for number in 0..500 {
                    assert_eq!(channel.receive().unwrap(), Value::from(number));
                    channel.send(number).unwrap();
                }
            }
        });
        // One at a time, so that each has to wake the receiver.
        for number in 0..500 {
            peer.send(channel.id(), number).unwrap();
            expect(&mut peer, ChannelData, channel.id());
        }
        receiver.join().unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        for closer in closers {
            closer.join().unwrap().unwrap();
        }
    });
}

#[test]
fn every_item_goes_to_one_of_many_receivers() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let channel = channel.clone();
                std::thread::spawn(move || {
                    let items = channel.iter().map(|item| item.unwrap().as_i64().unwrap());
                    items.collect::<Vec<_>>()
                })
            })
            .collect();
        for number in 0..1000 {
            peer.send(channel.id(), number).unwrap();
        }
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        let mut all: Vec<i64> = receivers
            .into_iter()
            .flat_map(|r| r.join().unwrap())
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn a_malformed_item_is_an_error_of_that_receive_alone() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for broken in [&b""[..], b"\xff", b"F\0", b"N\0\0\0\x7fabQ", b"QQ"] {
            peer.write(ChannelData, channel.id(), broken).unwrap();
        }
        peer.send(channel.id(), "fine").unwrap();
        for _ in 0..5 {
            let received = channel.receive();
            assert!(
                matches!(received, Err(ReceiveError::Item(ItemError::Load(_)))),
                "{received:?}"
            );
        }
        assert_eq!(channel.receive().unwrap(), Value::from("fine"));
    });
}

/// The last item and the end come with one read: one receiver gets the item, and the others see the end.
#[test]
fn an_item_and_the_end_behind_it_wake_all_receivers() {
    with_gateway(|gateway, mut peer| {
        for _ in 0..20 {
            let channel = exec(&gateway, &mut peer);
            let id = channel.id();
            let receivers = [(); 3].map(|()| {
                let channel = channel.clone();
                std::thread::spawn(move || channel.receive().is_ok())
            });
            // They most likely wait by then; else they find what has come.
            execnet_core_sync::testing::give_way();
            let payload = DumpOptions::wire().dumps(&7).unwrap();
            let item = Header::new(ChannelData, id, payload.len()).unwrap();
            let end = Header::new(ChannelClose, id, 0).unwrap();
            let bytes = [&item.to_bytes()[..], &payload, &end.to_bytes()].concat();
            peer.write_raw(&bytes).unwrap();
            let received = receivers.map(|receiver| receiver.join().unwrap());
            assert_eq!(received.iter().filter(|received| **received).count(), 1);
        }
    });
}
