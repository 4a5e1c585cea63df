//! Links over descriptors.

mod descriptor;
mod pipe;

use alloc::sync::Arc;
use std::fs::File;

use execnet_core_sync::link::{Link, NoControl};

pub use descriptor::Descriptor;
pub(crate) use pipe::PipeInput;
pub use pipe::PipeOutput;

/// The link of a worker over its standard input and output.
pub(crate) fn stdio_link(reader: File, writer: File) -> Link {
    let reader = Arc::new(reader);
    let poll_reader = Arc::new(Descriptor::new(reader.clone()));
    let writer = PipeOutput::new(writer);
    let content_writer = writer.content_writer();
    Link::from_std(reader, writer, Arc::new(NoControl))
        .with_poll_reader(poll_reader)
        .with_content_writer(content_writer)
}
