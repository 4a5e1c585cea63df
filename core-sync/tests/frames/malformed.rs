//! Streams that end inside a frame, and headers that are refused.

use execnet_core_sync::frame::{FrameReader, Header, HeaderError, MessageCode, ReadError};
use execnet_core_sync::testing::{Faults, pipe};
use execnet_serializer::ChannelId;

use crate::LIMIT;

#[test]
fn the_error_for_a_stream_that_ends_inside_a_frame_has_both_lengths() {
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
fn the_error_for_a_large_payload_that_is_cut_has_both_lengths() {
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
