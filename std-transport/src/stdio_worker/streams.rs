//! Takes the standard streams of the process for the link.

use alloc::sync::Arc;
use std::fs::File;
use std::io::{self, BufReader};
use std::os::fd::AsFd as _;

use crate::link::{Descriptor, Link, NoControl, PipeOutput};

/// Large enough for the program that a controller sends for an interpreter. The gateway does not use this buffer.
const BUFFER: usize = 64 * 1024;

/// The two ends of the link. Afterwards standard input and output of the process are the null device.
pub(super) fn take() -> io::Result<(BufReader<File>, File)> {
    // The copies are closed in processes that a function starts: one that outlives the worker would otherwise keep the
    // link open.
    let reader = io::stdin().as_fd().try_clone_to_owned()?;
    let writer = io::stdout().as_fd().try_clone_to_owned()?;
    // Replaced and not closed: the next file that this process opens would get the number 0 or 1, and what is printed
    // would go there.
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    let reader = BufReader::with_capacity(BUFFER, File::from(reader));
    Ok((reader, writer.into()))
}

/// The link, after the controller has its answer.
pub(super) fn link(reader: BufReader<File>, writer: File) -> Link {
    if !reader.buffer().is_empty() {
        // The controller sent frames before it had the answer; none is known to do so. Polling the descriptor would
        // miss the bytes in the buffer, so receivers do not read this link.
        return Link::from_std(reader, writer, Arc::new(NoControl));
    }
    let reader = Arc::new(reader.into_inner());
    let poll_reader = Arc::new(Descriptor::new(reader.clone()));
    let writer = PipeOutput::new(writer);
    let content_writer = writer.content_writer();
    Link::from_std(reader, writer, Arc::new(NoControl))
        .with_poll_reader(poll_reader)
        .with_content_writer(content_writer)
}
