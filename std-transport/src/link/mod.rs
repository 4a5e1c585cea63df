//! The two ends of a byte stream that a gateway runs over, and what this system's descriptors can do for them.
//!
//! A [`Link`] needs nothing but a reader and a writer. Over a pipe or a socket a [`Descriptor`] lets the threads that
//! receive read the link themselves, and a [`PipeOutput`] sends a [`FileRange`] without a copy through memory.

mod descriptor;
mod file_range;
mod pipe;

pub use descriptor::Descriptor;
pub use execnet_core_sync::link::{
    Content, ContentWriter, Interruptible, Link, LinkReader, LinkWriter, NoControl, PeerControl,
    PollReader, Poller, Readable, Ready, SharedError,
};
pub use file_range::FileRange;
pub(crate) use pipe::PipeInput;
pub use pipe::PipeOutput;
