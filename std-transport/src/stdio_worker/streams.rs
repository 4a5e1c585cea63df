//! Takes the standard streams of the process for the link.

use alloc::sync::Arc;
use std::fs::File;
use std::io::{self, BufReader};

use crate::link::{Link, NoControl, stdio_link};
use crate::sys;

/// Large enough for the program that a controller sends for an interpreter. The gateway does not use this buffer.
const BUFFER: usize = 64 * 1024;

/// The two ends of the link. Afterwards standard input and output of the process are the null device.
pub(super) fn take() -> io::Result<(BufReader<File>, File)> {
    let (reader, writer) = sys::take_stdio()?;
    let reader = BufReader::with_capacity(BUFFER, reader);
    Ok((reader, writer))
}

/// The link, after the controller has its answer.
pub(super) fn link(reader: BufReader<File>, writer: File) -> Link {
    if !reader.buffer().is_empty() {
        // The controller sent frames before it had the answer; none is known to do so. Polling the descriptor would
        // miss the bytes in the buffer, so receivers do not read this link.
        return Link::from_std(reader, writer, Arc::new(NoControl));
    }
    stdio_link(reader.into_inner(), writer)
}
