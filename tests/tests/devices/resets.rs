//! Resets of the board, and of the controller, in the middle of a frame.

use execnet::serializer::{Bytes, ChannelId};
use execnet::{Group, ReceiveError};
use execnet_core_sync::frame::{MessageCode, encode_to_slice};
use execnet_test_support::{LONG, receive};

use crate::{answers, call, with_board};

/// The start of a frame, cut off after some bytes.
fn cut_frame(cut: usize) -> Vec<u8> {
    let mut buffer = [0; 1100];
    let item = Bytes(vec![0xC0; 1000]);
    let frame = encode_to_slice(MessageCode::ChannelData, ChannelId(1), &item, &mut buffer);
    frame.unwrap()[..cut].to_vec()
}

#[test]
fn a_board_that_is_reset_within_a_frame_answers_again() {
    for image in ["worker", "frames"] {
        with_board("resets", image, |board| {
            for round in 0..10 {
                let mut line = board.line();
                line.begin(round + 1);
                line.write(&cut_frame(1 + 97 * round as usize));
                board.reset();
                // The rest goes to the board that has restarted.
                line.write(&cut_frame(50));
                drop(line);
                answers(board);
            }
        });
    }
}

#[test]
fn a_controller_that_is_gone_within_a_frame_leaves_a_board_that_answers() {
    for image in ["worker", "frames"] {
        with_board("cut off", image, |board| {
            for round in 0..10 {
                let mut line = board.line();
                line.begin(round + 1);
                line.write(&cut_frame(1 + 97 * round as usize));
                drop(line);
                answers(board);
            }
        });
    }
}

#[test]
fn a_controller_gets_the_restart_of_the_board_as_an_error() {
    with_board("restart", "worker", |board| {
        for _ in 0..3 {
            let group = Group::new();
            let gateway = group.make_gateway(board.spec()).unwrap();
            let arguments = [("period", 0.into()), ("count", 1_000_000_000.into())];
            let channel = call(&gateway, "sensor", &arguments);
            receive(&channel);
            board.reset();
            let error = loop {
                match channel.receive_timeout(LONG) {
                    Ok(_) => {}
                    Err(error) => break error,
                }
            };
            let text = format!("{:#}", execnet::report(&error));
            assert!(matches!(error, ReceiveError::Disconnected(_)), "{text}");
            assert!(text.contains("the device has restarted"), "{text}");
            group.terminate_timeout(LONG);
            answers(board);
        }
    });
}
