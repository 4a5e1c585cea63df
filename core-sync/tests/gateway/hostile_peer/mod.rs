//! A peer that sends frames which it must not send ends the gateway with an error that names the reason, or changes
//! nothing. The vectors of the wire format have the outcomes of stock execnet; the tests say where ours differ.

mod amounts;
mod frames;

use execnet_core_sync::frame::MessageCode::{self, ChannelData};
use execnet_core_sync::{DisconnectReason, ReceiveError};
use execnet_serializer::{ChannelId, Value};

use crate::support::{SOON, exec, expect, with_gateway};

/// The peer writes these bytes; the gateway ends for the reason that `expected` accepts.
fn ends(bytes: &'static [u8], expected: impl FnOnce(&DisconnectReason) -> bool + Send + 'static) {
    with_gateway(move |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write_raw(bytes).unwrap();
        match channel.receive() {
            Err(ReceiveError::Disconnected(lost)) => assert!(expected(lost.reason()), "{lost:?}"),
            other => panic!("{other:?}"),
        }
        // The writing end is closed: the peer knows.
        assert!(peer.next_frame().unwrap().is_none());
        assert!(gateway.join_timeout(SOON));
    });
}

/// The peer writes a frame; the gateway does not mind, and answers no more than `answer`.
fn lives(code: MessageCode, id: i32, payload: &'static [u8], answer: Option<MessageCode>) {
    with_gateway(move |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(code, ChannelId(id), payload).unwrap();
        if let Some(answer) = answer {
            expect(&mut peer, answer, ChannelId(id));
        }
        peer.send(channel.id(), "alive").unwrap();
        assert_eq!(channel.receive().unwrap(), Value::from("alive"));
        channel.send(1).unwrap();
        expect(&mut peer, ChannelData, channel.id());
    });
}
