//! What a channel does, toward a peer that keeps to the protocol.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use core::time::Duration;

use execnet_core_sync::frame::Header;
use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelLastMessage, GatewayTerminate, Reconfigure,
};
use execnet_core_sync::{
    Gateway, GatewayConfig, ItemError, ReceiveError, Role, SendError, WaitCloseError,
};
use execnet_serializer::{Bytes, ChannelId, DumpOptions, StrConfig, Value};

use support::{SOON, eventually, exec, expect, with_gateway};

fn text(payload: &str) -> Vec<u8> {
    DumpOptions::wire().dumps(payload).unwrap()
}

#[test]
fn an_item_is_sent_as_one_frame() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel.send(("x", 7)).unwrap();
        let frame = expect(&mut peer, ChannelData, channel.id());
        assert_eq!(frame.payload, DumpOptions::wire().dumps(&("x", 7)).unwrap());
    });
}

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
fn a_megabyte_goes_both_ways_through_a_smaller_pipe() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let blob: Vec<u8> = (0..1_000_000u32).map(|n| n as u8).collect();
        let echo = std::thread::spawn(move || {
            let frame = peer.expect().unwrap();
            peer.write(frame.code, frame.channel, &frame.payload)
                .unwrap();
            peer
        });
        channel.send(Bytes(&blob)).unwrap();
        assert_eq!(channel.receive().unwrap().as_bytes(), Some(&blob[..]));
        echo.join().unwrap();
    });
}

#[test]
fn receiving_in_time_or_not() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let nothing = channel.receive_timeout(Duration::from_millis(20));
        assert!(matches!(nothing, Err(ReceiveError::Timeout)), "{nothing:?}");
        peer.send(channel.id(), "late").unwrap();
        assert_eq!(channel.receive_timeout(SOON).unwrap(), Value::from("late"));
    });
}

#[test]
fn trying_to_receive_does_not_wait() {
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
fn the_end_of_a_channel_is_said_again_and_again() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), 42).unwrap();
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from(42));
        for _ in 0..3 {
            assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
        }
        assert!(channel.is_closed());
        assert!(matches!(channel.send(1), Err(SendError::Closed)));
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
fn waiting_for_the_close_takes_the_error() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(ChannelCloseError, channel.id(), &text("boom"))
            .unwrap();
        match channel.wait_close_timeout(SOON) {
            Err(WaitCloseError::Remote(error)) => assert_eq!(error.text(), "boom"),
            other => panic!("{other:?}"),
        }
        channel.wait_close().unwrap();
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
    });
}

#[test]
fn waiting_for_the_close_in_time_or_not() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let early = channel.wait_close_timeout(Duration::from_millis(20));
        assert!(matches!(early, Err(WaitCloseError::Timeout)), "{early:?}");
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        channel.wait_close_timeout(SOON).unwrap();
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
fn iterating_ends_with_the_channel() {
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
fn iterating_hands_out_the_error_then_ends() {
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
fn closing_tells_the_peer_once_and_keeps_what_came() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.send(channel.id(), "before").unwrap();
        let status = std::thread::spawn({
            let gateway = gateway.clone();
            move || gateway.remote_status()
        });
        // What the gateway reads in order has been read once it asks for more: the status comes after the item.
        let asked = peer.expect().unwrap();
        peer.write(ChannelClose, asked.channel, b"").unwrap();
        assert!(status.join().unwrap().is_err());
        channel.close();
        channel.close();
        expect(&mut peer, ChannelClose, channel.id());
        assert!(channel.is_closed());
        assert!(matches!(channel.send(1), Err(SendError::Closed)));
        assert_eq!(channel.receive().unwrap(), Value::from("before"));
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
        drop(channel);
        gateway.new_channel().unwrap().close();
        expect(&mut peer, ChannelClose, ChannelId(5));
    });
}

#[test]
fn closing_with_an_error_sends_its_text() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel.close_with_error("no more").unwrap();
        let frame = expect(&mut peer, ChannelCloseError, channel.id());
        assert_eq!(frame.payload, text("no more"));
        channel.wait_close_timeout(SOON).unwrap();
    });
}

#[test]
fn closing_wakes_who_receives() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let channel = channel.clone();
                std::thread::spawn(move || channel.receive())
            })
            .collect();
        channel.close();
        for receiver in receivers {
            let received = receiver.join().unwrap();
            assert!(
                matches!(received, Err(ReceiveError::Closed)),
                "{received:?}"
            );
        }
    });
}

#[test]
fn an_item_wakes_a_receiver_not_one_who_waits_for_the_end() {
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
fn the_end_of_what_is_sent_leaves_receiving_allowed() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        channel.send(1).unwrap();
        channel.finish_sending();
        channel.finish_sending();
        expect(&mut peer, ChannelData, channel.id());
        expect(&mut peer, ChannelLastMessage, channel.id());
        assert!(matches!(channel.send(2), Err(SendError::Closed)));
        peer.send(channel.id(), 3).unwrap();
        assert_eq!(channel.receive_timeout(SOON).unwrap(), Value::from(3));
        let id = channel.id();
        drop(channel);
        // It was said once.
        expect(&mut peer, ChannelClose, id);
    });
}

#[test]
fn after_a_last_message_sending_goes_on() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(ChannelLastMessage, channel.id(), b"").unwrap();
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
        assert!(!channel.is_closed());
        channel.wait_close_timeout(SOON).unwrap();
        channel.send(1).unwrap();
        expect(&mut peer, ChannelData, channel.id());
        // The peer keeps a callback for it, which only a CLOSE ends.
        let id = channel.id();
        drop(channel);
        expect(&mut peer, ChannelClose, id);
    });
}

#[test]
fn dropping_the_last_handle_closes() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let other = channel.clone();
        drop(channel);
        other.send(1).unwrap();
        expect(&mut peer, ChannelData, other.id());
        let id = other.id();
        drop(other);
        expect(&mut peer, ChannelClose, id);
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
fn frames_of_many_senders_are_whole() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let senders: Vec<_> = (0..4u8)
            .map(|sender| {
                let channel = channel.clone();
                std::thread::spawn(move || {
                    for _ in 0..25 {
                        channel.send(Bytes(vec![sender; 30_000])).unwrap();
                    }
                })
            })
            .collect();
        let mut counts = [0; 4];
        for _ in 0..100 {
            let frame = expect(&mut peer, ChannelData, ChannelId(1));
            let value = execnet_serializer::LoadOptions::wire()
                .loads(&frame.payload)
                .unwrap();
            let bytes = value.as_bytes().unwrap();
            assert_eq!(bytes, vec![bytes[0]; 30_000]);
            counts[usize::from(bytes[0])] += 1;
        }
        assert_eq!(counts, [25; 4]);
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
    });
}

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
fn channels_of_items_that_nobody_received_are_closed_with_their_channel() {
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
fn an_item_that_is_no_value_is_an_error_of_that_receive_alone() {
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

#[test]
fn an_item_that_names_a_channel_it_may_not_is_refused_alone() {
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
fn strings_are_read_as_the_channel_was_configured() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let python2 = b"M\0\0\0\x01aQ";
        peer.write(ChannelData, channel.id(), python2).unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from("a"));
        channel.reconfigure(StrConfig::STORED).unwrap();
        let frame = expect(&mut peer, Reconfigure, channel.id());
        assert_eq!(frame.payload, b"CC@\0\0\0\x02Q");
        peer.write(ChannelData, channel.id(), python2).unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from(Bytes(&b"a"[..])));
    });
}

#[test]
fn the_peer_can_configure_a_channel_and_the_later_ones() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(Reconfigure, channel.id(), b"CR@\0\0\0\x02Q")
            .unwrap();
        peer.send(channel.id(), "x").unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from(Bytes(&b"x"[..])));
        peer.write(Reconfigure, ChannelId(0), b"CR@\0\0\0\x02Q")
            .unwrap();
        peer.send(channel.id(), 0).unwrap();
        channel.receive().unwrap();
        let later = exec(&gateway, &mut peer);
        peer.send(later.id(), "y").unwrap();
        assert_eq!(later.receive().unwrap(), Value::from(Bytes(&b"y"[..])));
    });
}

#[test]
fn a_channel_and_its_state_can_be_printed() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        assert_eq!(channel.to_string(), "<Channel id=1 open>");
        channel.close();
        assert_eq!(format!("{channel:?}"), "<Channel id=1 closed>");
    });
}

#[test]
#[allow(
    clippy::mutable_key_type,
    reason = "what hashes is what it is a handle of, which never changes"
)]
fn channels_and_gateways_are_keys_of_a_map() {
    use std::collections::HashSet;
    with_gateway(|gateway, _peer| {
        let channels = [(); 2].map(|()| gateway.new_channel().unwrap());
        let [one, other] = channels.clone();
        let mut set: HashSet<_> = channels.into_iter().collect();
        assert!(!set.insert(one.clone()), "it is in the set");
        assert_eq!(set.len(), 2);
        assert!(set.remove(&one) && set.remove(&other) && set.is_empty());
        let gateways = HashSet::from([gateway.clone(), one.gateway().clone()]);
        assert_eq!(gateways.len(), 1);
    });
    let gateway_of = |name| {
        let (link, peer) = execnet_core_sync::testing::scripted(1000);
        let config = GatewayConfig::new(name, Role::Initiator);
        (Gateway::new(link, config).unwrap(), peer)
    };
    // Of the same name, with channels of the same id.
    let [(one, _one_peer), (other, _other_peer)] = [(); 2].map(|()| gateway_of("gw0"));
    assert_ne!(one, other);
    let gateways = [one, other];
    let channels = gateways
        .each_ref()
        .map(|gateway| gateway.new_channel().unwrap());
    assert_eq!(HashSet::from(gateways).len(), 2);
    assert_eq!(HashSet::from(channels).len(), 2);
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

#[test]
fn closed_channels_are_not_active() {
    with_gateway(|gateway, mut peer| {
        let active = |count: usize| {
            let text = format!(" {count} active channels");
            eventually(&text, || gateway.to_string().contains(&text));
        };
        let channels = [(); 4].map(|()| exec(&gateway, &mut peer));
        active(4);
        channels[0].close();
        active(3);
        peer.write(ChannelClose, channels[1].id(), b"").unwrap();
        active(2);
        peer.write(ChannelLastMessage, channels[2].id(), b"")
            .unwrap();
        active(1);
        peer.send(channels[3].id(), ChannelId(2)).unwrap();
        active(2);
        peer.hang_up();
        active(0);
        drop(channels);
        active(0);
    });
}

#[test]
fn closing_from_several_threads_tells_the_peer_once() {
    const ROUNDS: usize = 100;
    with_gateway(|gateway, mut peer| {
        for _ in 0..ROUNDS {
            let channel = gateway.new_channel().unwrap();
            let closers: Vec<_> = (0..4)
                .map(|number| {
                    let channel = channel.clone();
                    std::thread::spawn(move || match number {
                        0 => channel.close_with_error("enough").unwrap(),
                        _ => channel.close(),
                    })
                })
                .collect();
            for closer in closers {
                closer.join().unwrap();
            }
            drop(channel);
        }
        gateway.exit();
        let mut closed = Vec::new();
        loop {
            let frame = peer.expect().unwrap();
            match frame.code {
                ChannelClose | ChannelCloseError => closed.push(frame.channel),
                code => {
                    assert_eq!(code, GatewayTerminate);
                    break;
                }
            }
        }
        let all = closed.len();
        closed.dedup();
        assert_eq!((closed.len(), all), (ROUNDS, ROUNDS));
    });
}

#[test]
fn items_compare_and_print_as_their_values() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        for number in [7, 7, 8] {
            peer.send(channel.id(), (number, "x")).unwrap();
        }
        let [seven, same, eight] = [(); 3].map(|()| channel.receive().unwrap());
        let value = Value::from((7, "x"));
        assert_eq!(seven, value);
        assert_eq!(value, seven);
        assert_eq!(seven, same);
        assert_ne!(eight, value);
        assert_ne!(value, eight);
        assert_ne!(seven, eight);
        assert_eq!(seven.to_string(), "(7, 'x')");
        assert_eq!(format!("{seven:?}"), format!("{value:?}"));
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
