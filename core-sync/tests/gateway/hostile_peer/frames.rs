//! Single frames that are wrong: codes, lengths, payloads, ids.

use execnet_core_sync::frame::Header;
use execnet_core_sync::frame::MessageCode::{
    ChannelClose, ChannelCloseError, ChannelData, ChannelExec, ChannelLastMessage, Reconfigure,
    Status,
};
use execnet_core_sync::session::ProtocolError;
use execnet_core_sync::{DisconnectReason, ReceiveError};
use execnet_serializer::{ChannelId, DumpOptions, Value};

use super::{ends, lives};
use crate::support::{SOON, exec, expect, with_gateway};

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
fn malformed_settings_end_the_gateway() {
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
fn a_controller_refuses_calls() {
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
fn a_controller_answers_no_status_request() {
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
fn a_close_with_a_malformed_error_text_still_closes() {
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
