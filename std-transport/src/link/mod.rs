//! The two ends of a byte stream that a gateway runs over, and what this system's descriptors can do for them.
//!
//! A [`Link`] needs nothing but a reader and a writer. On Unix, over a pipe or a socket, a `Descriptor` lets the threads
//! that receive read the link themselves, and a `PipeOutput` sends a [`FileRange`] without a copy through memory.

mod file_range;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub use execnet_core_sync::link::{
    Content, ContentWriter, Interruptible, Link, LinkReader, LinkWriter, NoControl, PeerControl,
    PollReader, Poller, Readable, Ready, SharedError,
};
pub use file_range::FileRange;
#[cfg(unix)]
pub use unix::{Descriptor, PipeOutput};
#[cfg(unix)]
pub(crate) use unix::{PipeInput, stdio_link};
#[cfg(windows)]
pub(crate) use windows::{PipeInput, PipeOutput, stdio_link};
