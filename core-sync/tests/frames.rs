//! Frames on the wire: the vectors recorded from stock execnet, and streams that are cut, split or wrong.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use embedded_io::{ErrorKind, ErrorType, Read};
use execnet_core_sync::frame::{
    Frame, FrameBuf, FrameReader, Header, HeaderError, MessageCode, ReadError, TooLong,
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

/// Gives one byte a read, after it failed once with this error.
struct Stutter<'a> {
    bytes: &'a [u8],
    piece: usize,
    failed: bool,
    error: ErrorKind,
    /// The most room that a read was given.
    room: usize,
}

impl<'a> Stutter<'a> {
    fn new(bytes: &'a [u8], piece: usize, error: ErrorKind) -> Self {
        Self {
            bytes,
            piece,
            failed: false,
            error,
            room: 0,
        }
    }
}

impl ErrorType for Stutter<'_> {
    type Error = ErrorKind;
}

impl Read for Stutter<'_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        self.room = self.room.max(room.len());
        self.failed = !self.failed;
        if self.failed {
            return Err(self.error);
        }
        let len = room.len().min(self.piece);
        let Ok(read) = self.bytes.read(&mut room[..len]);
        Ok(read)
    }
}

/// A small frame, one larger than the buffer, and an empty one.
fn sizes() -> (Vec<Frame>, Vec<u8>) {
    let frame = |code, len| Frame {
        code,
        channel: ChannelId(3),
        payload: (0..len).map(|n: u32| n as u8).collect(),
    };
    let frames = vec![
        frame(MessageCode::ChannelData, 5),
        frame(MessageCode::ChannelData, 100_000),
        frame(MessageCode::ChannelClose, 0),
    ];
    let stream = frames.iter().flat_map(write).collect();
    (frames, stream)
}

#[test]
fn an_interrupted_read_is_repeated() {
    let (frames, stream) = sizes();
    for piece in [1, 4096, usize::MAX] {
        let link = Stutter::new(&stream, piece, ErrorKind::Interrupted);
        let mut reader = FrameReader::new(link, LIMIT);
        for frame in &frames {
            assert_eq!(reader.next_frame().unwrap().as_ref(), Some(frame));
        }
        assert_eq!(reader.next_frame(), Ok(None));
    }
}

#[test]
fn a_link_that_fails_between_bytes_loses_no_frame() {
    let (frames, stream) = sizes();
    for piece in [1, 4096, usize::MAX] {
        let link = Stutter::new(&stream, piece, ErrorKind::TimedOut);
        let mut reader = FrameReader::new(link, LIMIT);
        let mut read = Vec::new();
        let mut failures = 0;
        loop {
            match reader.next_frame() {
                Ok(Some(frame)) => read.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(error, ReadError::Link(ErrorKind::TimedOut));
                    failures += 1;
                }
            }
        }
        assert_eq!(read, frames, "in pieces of {piece}");
        assert!(failures >= 3, "{failures} failures in pieces of {piece}");
    }
}

#[test]
fn a_read_is_given_room_for_what_can_arrive_and_not_for_what_is_announced() {
    let len = i32::MAX as usize;
    let header = Header::new(MessageCode::ChannelData, ChannelId(1), len).unwrap();
    let stream = [&header.to_bytes()[..], b"few"].concat();
    let mut link = Stutter::new(&stream, 9, ErrorKind::Interrupted);
    let error = FrameReader::new(&mut link, len).next_frame().unwrap_err();
    assert_eq!(
        error,
        ReadError::PayloadCut {
            expected: len,
            got: 3
        }
    );
    assert!(link.room <= 1 << 16, "room for {} bytes", link.room);
}

#[test]
fn errors_of_frames_have_texts_and_sources() {
    type Error = ReadError<ErrorKind>;
    let long = HeaderError::TooLong { len: 9, limit: 8 };
    let texts: [(&dyn core::error::Error, &str); 7] = [
        (
            &Error::Link(ErrorKind::TimedOut),
            "cannot read from the link",
        ),
        (
            &Error::HeaderCut { got: 4 },
            "unexpected end of stream inside a frame's header, after 4 of 9 bytes",
        ),
        (
            &Error::PayloadCut {
                expected: 5,
                got: 3,
            },
            "unexpected end of stream inside a frame's payload, after 3 of 5 bytes",
        ),
        (
            &Error::Header(long),
            "frame announces a payload of 9 bytes, above the limit of 8",
        ),
        (
            &HeaderError::NegativeLength(-1),
            "frame announces a payload of -1 bytes",
        ),
        (
            &long,
            "frame announces a payload of 9 bytes, above the limit of 8",
        ),
        (
            &TooLong { len: 1 << 31 },
            "payload of 2147483648 bytes is longer than a frame can carry",
        ),
    ];
    for (error, text) in texts {
        assert_eq!(error.to_string(), text);
        let source = error.source().map(ToString::to_string);
        let link = text == "cannot read from the link";
        let expected = link.then(|| ErrorKind::TimedOut.to_string());
        assert_eq!(source, expected, "{text}");
    }
}

#[test]
fn codes_print_as_execnet_names_them() {
    let printed: Vec<String> = (-1..10)
        .map(|code| MessageCode::from_wire(code).to_string())
        .collect();
    assert_eq!(
        printed,
        [
            "code -1",
            "STATUS",
            "RECONFIGURE",
            "GATEWAY_TERMINATE",
            "CHANNEL_EXEC",
            "CHANNEL_DATA",
            "CHANNEL_CLOSE",
            "CHANNEL_CLOSE_ERROR",
            "CHANNEL_LAST_MESSAGE",
            "CHANNEL_CREDIT",
            "code 9",
        ]
    );
}

#[test]
fn a_frame_under_construction_takes_all_that_is_written() {
    use embedded_io::Write as _;
    let mut frame = FrameBuf::new();
    assert_eq!(frame.write(b"LQ"), Ok(2));
    assert_eq!(frame.write(b""), Ok(0));
    frame.flush().unwrap();
    let bytes = frame
        .finish(MessageCode::ChannelData, ChannelId(1))
        .unwrap();
    assert_eq!(bytes, b"\x04\0\0\0\x01\0\0\0\x02LQ");
}

#[test]
fn whether_the_next_frame_comes_without_waiting_is_known() {
    let frame = b"\x04\0\0\0\x01\0\0\0\x05ABCDE";
    for second in 0..=frame.len() {
        let stream = [&frame[..], &frame[..second]].concat();
        let mut frames = FrameReader::new(&stream[..], LIMIT);
        assert!(!frames.holds_frame(), "nothing was read");
        frames.next_frame().unwrap().unwrap();
        assert_eq!(
            frames.holds_frame(),
            second == frame.len(),
            "{second} bytes"
        );
    }
    let empty = [&frame[..], b"\x05\0\0\0\x01\0\0\0\0"].concat();
    let mut frames = FrameReader::new(&empty[..], LIMIT);
    frames.next_frame().unwrap().unwrap();
    assert!(frames.holds_frame());
}
