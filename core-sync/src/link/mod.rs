//! What a gateway needs of a transport: two ends of a byte stream, and a hand on whatever is at its other end.

#[cfg(unix)]
mod descriptor;
mod file;
#[cfg(any(unix, loom))]
mod interruptible;
#[cfg(unix)]
mod pipe;
mod poll_reader;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use std::io;

use embedded_io::{Read, Write};
use embedded_io_adapters::std::FromStd;

pub use crate::disconnected::SharedError;
#[cfg(unix)]
pub use descriptor::Descriptor;
pub use file::FileWriter;
pub(crate) use file::{FilePart, Output};
// The models of tests/loom run it over a pipe of their own.
#[cfg(loom)]
#[doc(hidden)]
pub use interruptible::{Interruptible, Poller, Readable};
#[cfg(unix)]
pub use pipe::PipeOutput;
pub use poll_reader::{PollReader, Ready};

/// The reading end of a link.
pub type LinkReader = Box<dyn Read<Error = io::Error> + Send>;

/// The writing end of a link.
pub type LinkWriter = Box<dyn Write<Error = io::Error> + Send>;

/// A two-way byte stream to a peer whose bootstrap is done: the next byte each way begins a frame.
///
/// The gateway drops `writer` to say that nothing more will be written; dropping it must show as the end of the
/// stream on the other side. It drops `reader` when nothing more will be read.
pub struct Link {
    /// What the peer writes.
    pub reader: LinkReader,
    /// What the peer reads. A frame is one call of `write`, as far as the sink takes it in one.
    pub writer: LinkWriter,
    /// The transport's hand on the peer.
    pub control: Arc<dyn PeerControl>,
    /// Waits for what there is to read, where the transport can do that: see [`with_poll_reader`](Self::with_poll_reader).
    pub poll_reader: Option<Arc<dyn PollReader>>,
    /// Writes parts of files around this process's memory, where the transport can do that. It writes to where the writer
    /// does, which must hold nothing back: what it has taken it has written.
    pub files: Option<Box<dyn FileWriter>>,
}

impl Link {
    /// A link over the standard library's readers and writers.
    ///
    /// They are to be unbuffered: a gateway has its own buffers, and flushes after each frame.
    pub fn from_std(
        reader: impl io::Read + Send + 'static,
        writer: impl io::Write + Send + 'static,
        control: Arc<dyn PeerControl>,
    ) -> Self {
        Self {
            reader: Box::new(FromStd::new(reader)),
            writer: Box::new(FromStd::new(writer)),
            control,
            poll_reader: None,
            files: None,
        }
    }

    /// The same, with a way to wait for what there is to read on its reader. A thread that waits for an item can then
    /// read the link itself, which saves it from being woken by the gateway's own: half of a round trip's time.
    ///
    /// The reader must hold nothing back: what it has taken from the system it has handed out.
    #[must_use]
    pub fn with_poll_reader(mut self, poll_reader: Arc<dyn PollReader>) -> Self {
        self.poll_reader = Some(poll_reader);
        self
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// What a transport can say about the peer and do to it.
pub trait PeerControl: Send + Sync {
    /// Why did the peer go? Asked once, by the gateway's reader thread, after the stream has ended or failed.
    ///
    /// What is returned becomes the source of every error that the lost peer causes. It may wait for an exit
    /// status, half a second or so: nobody who waits on the gateway is told of the end before this returns.
    fn post_mortem(&self) -> Option<SharedError> {
        None
    }

    /// Makes the peer end now, so that reads and writes of the link that block return.
    fn kill(&self) {}
}

/// For links that have nothing but their two streams.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoControl;

impl PeerControl for NoControl {}

/// Writes all of it.
fn write_all(writer: &mut LinkWriter, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
