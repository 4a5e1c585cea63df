//! Sending: one frame per item, and the end of what one side sends.

use execnet_core_sync::frame::MessageCode::{ChannelClose, ChannelData, ChannelLastMessage};
use execnet_core_sync::{ReceiveError, SendError};
use execnet_serializer::{Bytes, ChannelId, DumpOptions, Value};

use crate::support::{SOON, exec, expect, with_gateway};

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
fn finish_sending_leaves_receiving_possible() {
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
fn sending_is_possible_after_a_last_message_of_the_peer() {
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
fn frames_of_several_senders_are_not_mixed() {
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
