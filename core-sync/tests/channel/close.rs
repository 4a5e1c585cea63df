//! The end of a channel: closed here, closed by the peer, or dropped.

use core::time::Duration;

use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelLastMessage, GatewayTerminate,
};
use execnet_core_sync::testing;
use execnet_core_sync::{ReceiveError, SendError, WaitCloseError};
use execnet_serializer::{ChannelId, Value};

use crate::support::{SOON, eventually, exec, expect, with_gateway};
use crate::text;

#[test]
fn receiving_after_the_end_of_a_channel_always_returns_closed() {
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
fn wait_close_returns_the_error_once() {
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
fn wait_close_with_a_timeout_returns_or_times_out() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let early = channel.wait_close_timeout(Duration::from_millis(20));
        assert!(matches!(early, Err(WaitCloseError::Timeout)), "{early:?}");
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        channel.wait_close_timeout(SOON).unwrap();
    });
}

#[test]
fn closing_sends_one_frame_and_keeps_the_received_items() {
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
fn closing_wakes_receivers() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let channel = channel.clone();
                std::thread::spawn(move || channel.receive())
            })
            .collect();
        // They most likely wait by then; else they find the channel closed.
        testing::give_way();
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
fn closing_from_several_threads_sends_one_frame() {
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
