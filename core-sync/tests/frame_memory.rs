//! The frame reader allocates for the bytes that arrive, and not for the length that a header announces.
//!
//! A program of its own with a single test, because the allocator counts for the whole process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use embedded_io::{ErrorType, Read};
use execnet_core_sync::frame::{FrameReader, Header, MessageCode, ReadError};
use execnet_serializer::ChannelId;
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Returns one piece for each read.
struct Counting<'a> {
    bytes: &'a [u8],
    piece: usize,
}

impl ErrorType for Counting<'_> {
    type Error = core::convert::Infallible;
}

impl Read for Counting<'_> {
    fn read(&mut self, room: &mut [u8]) -> Result<usize, Self::Error> {
        let len = room.len().min(self.piece);
        self.bytes.read(&mut room[..len])
    }
}

#[test]
fn memory_grows_with_the_bytes_that_arrive() {
    const LEN: usize = 1 << 29;
    let header = Header::new(MessageCode::ChannelData, ChannelId(1), LEN).unwrap();
    for arrived in [3, 100_000, 3_000_000] {
        let mut bytes = header.to_bytes().to_vec();
        bytes.resize(Header::SIZE + arrived, 7);
        for piece in [1000, 65_536, usize::MAX] {
            HEAP.reset_peak_usage();
            let before = HEAP.current_usage();
            let link = Counting {
                bytes: &bytes,
                piece,
            };
            let error = FrameReader::new(link, LEN).next_frame().unwrap_err();
            let taken = HEAP.peak_usage().saturating_sub(before);
            let expected = LEN;
            assert_eq!(
                error,
                ReadError::PayloadCut {
                    expected,
                    got: arrived
                }
            );
            // The buffer, the mebibyte that is allocated for any header, and the capacity of a growing Vec.
            let promised = 2 * arrived + (arrived / 2) + (1 << 20) + (1 << 18);
            assert!(
                taken <= promised,
                "{taken} bytes for {arrived} in pieces of {piece}"
            );
        }
    }
}
