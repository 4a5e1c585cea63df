//! The two ends of a byte stream that a gateway runs over, and what this system's descriptors can do for them.
//!
//! A [`Link`] needs nothing but a reader and a writer. Over a pipe or a socket a [`Descriptor`] lets the threads that receive
//! read the link themselves, and a [`PipeOutput`] sends parts of files without a copy through memory.

mod descriptor;
mod pipe;

pub use descriptor::Descriptor;
pub use execnet_core_sync::link::{
    FileWriter, Interruptible, Link, LinkReader, LinkWriter, NoControl, PeerControl, PollReader,
    Poller, Readable, Ready, SharedError,
};
pub use pipe::PipeOutput;
