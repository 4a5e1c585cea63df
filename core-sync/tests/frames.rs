//! Frames on the wire: the vectors recorded from stock execnet, and streams that are cut, split or wrong.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use execnet_core_sync::frame::{
    Frame, FrameBuf, FrameReader, Header, HeaderError, MessageCode, ReadError,
};
use execnet_core_sync::testing::{Faults, pipe};
use execnet_serializer::ChannelId;
use proptest::prelude::*;
use serde_json::Value as Json;

const LIMIT: usize = 1 << 20;

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).unwrap() as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

fn recorded() -> Vec<(String, Vec<u8>)> {
    let text = include_str!("../../serializer/tests/vectors/vectors.json");
    let all: Vec<Json> = serde_json::from_str(text).unwrap();
    let frames = all.iter().filter(|vector| vector["kind"] == "frame");
    frames
        .filter_map(|vector| {
            let bytes = unhex(vector["hex"].as_str()?);
            Some((vector["name"].as_str()?.to_owned(), bytes))
        })
        .collect()
}

fn write(frame: &Frame) -> Vec<u8> {
    let mut buffer = FrameBuf::new();
    embedded_io::Write::write_all(&mut buffer, &frame.payload).unwrap();
    buffer.finish(frame.code, frame.channel).unwrap()
}

fn read_all(stream: &[u8]) -> Vec<Frame> {
    let mut frames = FrameReader::new(stream, LIMIT);
    core::iter::from_fn(|| frames.next_frame().unwrap()).collect()
}

#[test]
fn every_recorded_frame_is_read_and_written_back() {
    let recorded = recorded();
    assert!(recorded.len() > 150, "only {} vectors", recorded.len());
    for (name, bytes) in recorded {
        let frames = read_all(&bytes);
        assert_eq!(frames.len(), 1, "{name}");
        assert_eq!(write(&frames[0]), bytes, "{name}");
    }
}

#[test]
fn recorded_frames_in_one_stream_are_told_apart() {
    let recorded = recorded();
    let stream: Vec<u8> = recorded
        .iter()
        .flat_map(|(_, bytes)| bytes.clone())
        .collect();
    let rewritten: Vec<u8> = read_all(&stream).iter().flat_map(write).collect();
    assert_eq!(rewritten, stream);
}

#[test]
fn a_stream_that_ends_inside_a_frame_says_how_much_there_was() {
    let whole = b"\x04\0\0\0\x01\0\0\0\x05ABCDE";
    for cut in 1..whole.len() {
        let mut frames = FrameReader::new(&whole[..cut], LIMIT);
        let error = frames.next_frame().unwrap_err();
        let expected = match cut {
            0..9 => ReadError::HeaderCut { got: cut },
            _ => ReadError::PayloadCut {
                expected: 5,
                got: cut - 9,
            },
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn a_large_payload_that_is_cut_says_how_much_there_was() {
    let mut stream = Header::new(MessageCode::ChannelData, ChannelId(1), 300_000)
        .unwrap()
        .to_bytes()
        .to_vec();
    stream.resize(9 + 200_000, 7);
    let error = FrameReader::new(&stream[..], LIMIT)
        .next_frame()
        .unwrap_err();
    let (expected, got) = (300_000, 200_000);
    assert_eq!(error, ReadError::PayloadCut { expected, got });
}

#[test]
fn a_negative_length_is_refused_without_reading_on() {
    let stream = b"\x04\0\0\0\x01\xff\xff\xff\xff";
    let error = FrameReader::new(&stream[..], LIMIT)
        .next_frame()
        .unwrap_err();
    assert_eq!(error, ReadError::Header(HeaderError::NegativeLength(-1)));
}

#[test]
fn a_length_above_the_limit_is_refused_without_reading_on() {
    let (len, limit) = (LIMIT + 1, LIMIT);
    let header = Header::new(MessageCode::ChannelData, ChannelId(1), len).unwrap();
    let error = FrameReader::new(&header.to_bytes()[..], limit)
        .next_frame()
        .unwrap_err();
    assert_eq!(
        error,
        ReadError::Header(HeaderError::TooLong { len, limit })
    );
}

#[test]
fn an_error_of_the_stream_is_kept() {
    let (mut writer, reader) = pipe(1000);
    let faults = Faults::fail_after(4, std::io::ErrorKind::ConnectionReset);
    std::io::Write::write_all(&mut writer, b"\x04\0\0\0\x01\0\0\0\0").unwrap();
    let reader = embedded_io_adapters::std::FromStd::new(reader.with_faults(faults));
    match FrameReader::new(reader, LIMIT).next_frame() {
        Err(ReadError::Link(error)) => {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        other => panic!("{other:?}"),
    }
}

fn frame() -> impl Strategy<Value = Frame> {
    let payload = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..50),
        1 => (60_000..200_000usize).prop_map(|len| (0..len).map(|n| n as u8).collect()),
    ];
    (any::<i8>(), any::<i32>(), payload).prop_map(|(code, channel, payload)| Frame {
        code: MessageCode::from_wire(code),
        channel: ChannelId(channel),
        payload,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn frames_survive_a_stream_that_splits_them_anywhere(
        frames in prop::collection::vec(frame(), 0..12),
        chunk in 1..100_000usize,
    ) {
        let stream: Vec<u8> = frames.iter().flat_map(write).collect();
        // Reads of one byte of everything would take long without showing more than those of small streams.
        let chunk = chunk.max(stream.len() / 1000);
        let (mut writer, reader) = pipe(stream.len().max(1));
        std::io::Write::write_all(&mut writer, &stream).unwrap();
        drop(writer);
        let reader = reader.with_faults(Faults::short_reads(chunk));
        let mut reader = FrameReader::new(embedded_io_adapters::std::FromStd::new(reader), LIMIT);
        for frame in frames {
            prop_assert_eq!(reader.next_frame().unwrap(), Some(frame));
        }
        prop_assert_eq!(reader.next_frame().unwrap(), None);
    }
}
