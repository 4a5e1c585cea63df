//! Peers that send anything.

use std::fs;
use std::io::Write as _;

use execnet::serializer::{ChannelId, Dict};
use execnet::{Group, Value};
use execnet_core_sync::frame::{Header, MessageCode, encode_to_slice};
use execnet_core_sync::serial::{Mark, encode_mark};
use execnet_test_support::{LONG, receive, root};

use crate::board::{Board, append};
use crate::{answers, call, figure, stats, with_board};

/// Malformed and truncated frames.
const FRAMES: u32 = 10_000;

/// Numbers that are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let count = self.below(most);
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}

/// A call of the worker's `echo`, so that items reach a decoder.
fn echo() -> Vec<u8> {
    let mut buffer = [0; 64];
    let call = ("echo", Value::None, Value::None, Dict::new());
    encode_to_slice(MessageCode::ChannelExec, ChannelId(1), &call, &mut buffer)
        .unwrap()
        .to_vec()
}

/// A header that may lie about its payload.
fn frame(code: u8, channel: i32, len: i32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![code];
    frame.extend(channel.to_be_bytes());
    frame.extend(len.to_be_bytes());
    frame.extend(payload);
    frame
}

fn malformed(numbers: &mut Numbers) -> Vec<u8> {
    let payload = numbers.bytes(60);
    let len = payload.len() as i32;
    let code = numbers.below(10) as u8;
    let channel = numbers.below(6) as i32;
    match numbers.below(6) {
        0 => numbers.bytes(40),
        1 => frame(code, channel, len, &payload),
        2 => frame(
            numbers.below(256) as u8,
            numbers.below(1 << 32) as i32,
            len,
            &payload,
        ),
        3 => frame(code, channel, numbers.below(1 << 32) as i32, &payload),
        // Opcodes with any operands, in a frame of the right length.
        4 => {
            let codes: Vec<u8> = payload.iter().map(|byte| b'@' + byte % 21).collect();
            frame(4, 1, len, &codes)
        }
        _ => {
            let mut whole = frame(code, channel, len, &payload);
            whole.truncate(numbers.below(whole.len() as u64 + 1) as usize);
            whole
        }
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

/// All inputs of the test vectors, as items.
fn vectors() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for name in ["vectors", "malformed"] {
        let path = root().join(format!("serializer/tests/vectors/{name}.json"));
        let vectors: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let hex = vectors.as_array().unwrap().iter();
        all.extend(
            hex.filter_map(|vector| vector["hex"].as_str())
                .map(bytes_of),
        );
    }
    all
}

/// Sends it all, each in a connection of its own.
fn send(board: &Board, inputs: impl Iterator<Item = Vec<u8>>) {
    let mut line = board.line();
    line.begin(1);
    let draining = line.drain();
    for (number, input) in (2..).zip(inputs) {
        let mut bytes = encode_mark(Mark::Begin(number)).to_vec();
        append(&mut bytes, &echo());
        append(&mut bytes, &input);
        (&line.stream).write_all(&bytes).unwrap();
    }
    line.stream.shutdown(std::net::Shutdown::Both).unwrap();
    draining.join().unwrap();
}

fn inputs() -> impl Iterator<Item = Vec<u8>> {
    let mut numbers = Numbers(19);
    let malformed = (0..FRAMES).map(move |_| malformed(&mut numbers));
    let items = vectors().into_iter();
    let items = items.map(|item| {
        let header = Header::new(MessageCode::ChannelData, ChannelId(1), item.len()).unwrap();
        [&header.to_bytes()[..], &item].concat()
    });
    malformed.chain(items)
}

#[test]
fn a_worker_survives_malformed_frames_within_its_heap() {
    with_board("hostile", "worker", |board| {
        let blink = |n: i64| {
            let group = Group::new();
            let gateway = group.make_gateway(board.spec()).unwrap();
            let blinks = receive(&call(&gateway, "blink", &[("n", n.into())]));
            let stats = stats(&gateway);
            group.terminate_timeout(LONG);
            (blinks, stats)
        };
        blink(1);
        send(board, inputs());
        // A board that had restarted would count from 0.
        let (blinks, stats) = blink(1);
        assert_eq!(blinks, Value::from(2));
        let (most, heap) = (figure(&stats, "heap_most"), figure(&stats, "heap"));
        let stack = figure(&stats, "stack_most");
        println!(
            "devices: the high-water marks are {most} of {heap} bytes of heap, and {stack} of stack"
        );
        assert!(most < heap, "{most}");
        answers(board);
    });
}

#[test]
fn an_image_without_a_heap_survives_malformed_frames() {
    with_board("hostile", "frames", |board| {
        send(board, inputs());
        answers(board);
    });
}
