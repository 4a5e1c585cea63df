//! What a peer can do with frames that it should not send: end the gateway with an error that names the reason,
//! or nothing. The outcomes of stock execnet stand beside the vectors; where ours differ it is on purpose.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

extern crate alloc;

mod support;

use alloc::sync::Arc;

use execnet_core_sync::frame::Header;
use execnet_core_sync::frame::MessageCode::{
    self, ChannelClose, ChannelCloseError, ChannelData, ChannelExec, ChannelLastMessage,
    Reconfigure, Status,
};
use execnet_core_sync::link::NoControl;
use execnet_core_sync::session::ProtocolError;
use execnet_core_sync::testing::{self, Faults, PIPE_CAPACITY, within};
use execnet_core_sync::{
    DisconnectReason, Gateway, GatewayConfig, ItemError, ReceiveError, RefusedId, Role,
};
use execnet_serializer::{ChannelId, DumpOptions, Value};

use support::{LIMIT, SOON, eventually, exec, expect, with, with_gateway};

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

#[test]
fn unknown_codes_end_the_gateway() {
    for bytes in [
        b"\x08\0\0\0\x01\0\0\0\0",
        b"\x7f\0\0\0\x01\0\0\0\0",
        b"\xff\0\0\0\x01\0\0\0\0",
    ] {
        ends(bytes, |reason| {
            matches!(
                reason,
                DisconnectReason::Protocol(ProtocolError::UnknownCode(_))
            )
        });
    }
}

#[test]
fn text_on_the_link_is_shown_in_the_error() {
    with_gateway(|gateway, mut peer| {
        peer.write_raw(b"Welcome to \x1b[31mhost\n").unwrap();
        assert!(gateway.join_timeout(SOON));
        let text = gateway.disconnected().unwrap().to_string();
        assert!(text.contains("\"Welcome t\""), "{text}");
    });
}

#[test]
fn a_negative_length_ends_the_gateway() {
    ends(b"\x04\0\0\0\x01\xff\xff\xff\xff", |reason| {
        matches!(reason, DisconnectReason::Read(_))
    });
}

#[test]
fn a_length_above_the_limit_ends_the_gateway_at_once() {
    ends(b"\x04\0\0\0\x01\x7f\xff\xff\xff", |reason| {
        matches!(reason, DisconnectReason::Read(_))
    });
}

#[test]
fn settings_that_are_none_end_the_gateway() {
    for bytes in [
        &b"\x01\0\0\0\x01\0\0\0\0"[..],
        b"\x01\0\0\0\x01\0\0\0\x02LQ",
        b"\x01\0\0\0\0\0\0\0\x07R@\0\0\0\x01Q",
        b"\x01\0\0\0\x01\0\0\0\x09RCR@\0\0\0\x03Q",
    ] {
        ends(bytes, |reason| {
            matches!(
                reason,
                DisconnectReason::Protocol(ProtocolError::NoSettings(_))
            )
        });
    }
}

#[test]
fn settings_of_ints_count_as_truth_values() {
    lives(Reconfigure, 1, b"F\0\0\0\x01F\0\0\0\0@\0\0\0\x02Q", None);
}

#[test]
fn a_controller_runs_no_code() {
    for id in [2, 1, 0, -1, 7] {
        lives(ChannelExec, id, b"anything", Some(ChannelCloseError));
    }
    with_gateway(|gateway, mut peer| {
        peer.write(ChannelExec, ChannelId(2), b"").unwrap();
        let frame = expect(&mut peer, ChannelCloseError, ChannelId(2));
        assert_eq!(
            frame.payload,
            DumpOptions::wire().dumps("execution disallowed").unwrap()
        );
        assert!(gateway.has_receiver());
    });
}

#[test]
fn a_controller_tells_no_status() {
    lives(Status, 2, b"", Some(ChannelCloseError));
}

#[test]
fn frames_for_unknown_channels_are_ignored() {
    for id in [0, 2, 3, -1, i32::MAX, i32::MIN] {
        lives(ChannelData, id, b"not even a value", None);
        lives(ChannelClose, id, b"ignored", None);
        lives(ChannelCloseError, id, b"N\0\0\0\x01xQ", None);
        lives(ChannelLastMessage, id, b"", None);
    }
    lives(Reconfigure, 2, b"RC@\0\0\0\x02Q", Some(ChannelClose));
}

#[test]
fn an_error_that_is_no_text_still_closes() {
    for payload in [
        &b""[..],
        b"F\0\0\0\x01Q",
        b"N\0\0\0\x7fxQ",
        b"N\0\0\0\x01x",
        b"A\0\0\0\x01xQ",
    ] {
        with_gateway(move |gateway, mut peer| {
            let channel = exec(&gateway, &mut peer);
            peer.write(ChannelCloseError, channel.id(), payload)
                .unwrap();
            match channel.receive() {
                Err(ReceiveError::Remote(error)) => assert!(error.text().contains("not text")),
                other => panic!("{other:?}"),
            }
            assert!(gateway.has_receiver());
        });
    }
}

#[test]
fn items_after_the_close_are_ignored() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write(ChannelClose, channel.id(), b"").unwrap();
        peer.send(channel.id(), 1).unwrap();
        peer.write(ChannelCloseError, channel.id(), b"N\0\0\0\x01xQ")
            .unwrap();
        let other = exec(&gateway, &mut peer);
        peer.send(other.id(), "read").unwrap();
        assert_eq!(other.receive().unwrap(), Value::from("read"));
        assert!(matches!(channel.receive(), Err(ReceiveError::Closed)));
    });
}

#[test]
fn a_peer_cannot_make_more_channels_than_it_may() {
    within(LIMIT, || {
        let (link, mut peer) = testing::scripted(PIPE_CAPACITY);
        let config = GatewayConfig::new("gw0", Role::Initiator).with_max_peer_channels(3);
        let gateway = Gateway::new(link, config).unwrap();
        let channel = exec(&gateway, &mut peer);
        let ids = |ids: &[i32]| ids.iter().copied().map(ChannelId).collect::<Vec<_>>();
        peer.send(channel.id(), ids(&[2, 4])).unwrap();
        peer.send(channel.id(), ids(&[6, 8])).unwrap();
        peer.send(channel.id(), ids(&[6])).unwrap();
        let first = channel.receive().unwrap();
        match channel.receive() {
            Err(ReceiveError::Item(ItemError::Channel(refused))) => {
                let (id, limit) = (ChannelId(8), 3);
                assert_eq!(refused, RefusedId::TooMany { id, limit });
            }
            other => panic!("{other:?}"),
        }
        let third = channel.receive().unwrap();
        // What was let go makes room.
        drop((first, third));
        for _ in 0..3 {
            peer.expect().unwrap();
        }
        peer.send(channel.id(), ids(&[8, 10, 12])).unwrap();
        assert_eq!(channel.receive().unwrap().channels().len(), 3);
    });
}

#[test]
fn an_id_of_ours_that_was_dropped_can_be_named_again() {
    with_gateway(|gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        let shared = gateway.new_channel().unwrap();
        let id = shared.id();
        drop(shared);
        expect(&mut peer, ChannelClose, id);
        peer.send(channel.id(), id).unwrap();
        let item = channel.receive().unwrap();
        assert_eq!(item.as_channel().unwrap().id(), id);
    });
}

#[test]
fn a_peer_that_asks_and_never_reads_cannot_fill_memory() {
    with(
        Role::Worker,
        Faults::default(),
        Arc::new(NoControl),
        |gateway, mut peer| {
            // The answers fill the pipe, then the queue; then it is enough.
            let mut refused = None;
            for _ in 0..100_000 {
                if let Err(error) = peer.write(Status, ChannelId(1), b"") {
                    refused = Some(error);
                    break;
                }
            }
            assert!(refused.is_some(), "100000 questions were taken");
            eventually("the gateway has ended", || !gateway.has_receiver());
            let reason = gateway.disconnected().unwrap();
            assert!(
                matches!(
                    reason.reason(),
                    DisconnectReason::Protocol(ProtocolError::TooManyReplies { .. })
                ),
                "{reason:?}"
            );
            // The writer thread can be stuck in an answer that nobody reads: it is for the transport to end that.
            peer.valve().cut();
            assert!(gateway.join_timeout(SOON));
        },
    );
}

/// The peer reads late: more answers wait than its pipe holds.
#[test]
fn a_burst_of_questions_is_answered() {
    const QUESTIONS: i32 = 10_000;
    with(
        Role::Worker,
        Faults::default(),
        Arc::new(NoControl),
        |gateway, mut peer| {
            for number in 0..QUESTIONS {
                peer.write(Status, ChannelId(2 * number + 1), b"").unwrap();
            }
            for number in 0..QUESTIONS {
                let id = ChannelId(2 * number + 1);
                expect(&mut peer, ChannelData, id);
                expect(&mut peer, ChannelClose, id);
            }
            assert!(gateway.has_receiver());
        },
    );
}

#[test]
fn a_payload_that_is_cut_off_ends_the_gateway_with_both_lengths() {
    // Half a gibibyte is announced, a few bytes arrive. What memory that takes: `frame_memory.rs`.
    let header = Header::new(ChannelData, ChannelId(1), 1 << 29).unwrap();
    with_gateway(move |gateway, mut peer| {
        let channel = exec(&gateway, &mut peer);
        peer.write_raw(&header.to_bytes()).unwrap();
        peer.write_raw(b"few").unwrap();
        peer.hang_up();
        match channel.receive() {
            Err(ReceiveError::Disconnected(lost)) => {
                assert!(lost.to_string().contains("after 3 of 536870912"), "{lost}");
            }
            other => panic!("{other:?}"),
        }
    });
}
