//! Frames that arrive in parts: however a stream is cut, the same frames are read.

use embedded_io::{ErrorKind, ErrorType, Read};
use execnet_core_sync::frame::{Frame, FrameReader, Header, MessageCode, ReadError};
use execnet_core_sync::testing::{Faults, pipe};
use execnet_serializer::ChannelId;
use proptest::prelude::*;

use crate::{LIMIT, write};

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
fn the_buffer_of_a_read_grows_with_the_bytes_that_arrived_and_not_with_the_announced_length() {
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
fn a_reader_knows_whether_the_next_frame_is_buffered() {
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
