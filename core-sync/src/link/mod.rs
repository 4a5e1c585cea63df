//! What a gateway needs from a transport: the two ends of a byte stream, and control of the peer at its other end.

mod content;
mod interruptible;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::io;

use embedded_io::{Read, Write};
use embedded_io_adapters::std::FromStd;

pub use crate::disconnected::SharedError;
pub use content::{Content, ContentWriter};
pub(crate) use content::{Output, Part};
pub use interruptible::{Interruptible, Poller, Readable};

/// The reading end of a link.
pub type LinkReader = Box<dyn Read<Error = io::Error> + Send>;

/// The writing end of a link.
pub type LinkWriter = Box<dyn Write<Error = io::Error> + Send>;

/// A two-way byte stream to a peer whose bootstrap is complete: the next byte in each direction begins a frame.
///
/// The gateway drops `writer` when it writes no more; the peer must then see the end of the stream. It drops `reader`
/// when it reads no more.
pub struct Link {
    /// The bytes that the peer writes.
    pub reader: LinkReader,
    /// The bytes that the peer reads. A frame is one call of `write`, as far as the writer takes it in one.
    pub writer: LinkWriter,
    /// The transport's control of the peer.
    pub control: Arc<dyn PeerControl>,
    /// Waits until the reader is readable, if the transport can do that: see
    /// [`with_poll_reader`](Self::with_poll_reader).
    pub poll_reader: Option<Arc<dyn PollReader>>,
    /// Writes content such as parts of files without a copy through memory, if the transport can do that: see
    /// [`with_content_writer`](Self::with_content_writer).
    pub content_writer: Option<Box<dyn ContentWriter>>,
}

impl Link {
    /// A link over the standard library's readers and writers.
    ///
    /// They should be unbuffered: a gateway has its own buffers, and flushes after each frame.
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
            content_writer: None,
        }
    }

    /// Adds a way to wait until the reader is readable. A thread that waits for an item can then read the link itself.
    /// It need not be woken by the gateway's reader thread, which takes half of the time of a round trip.
    ///
    /// The reader must be unbuffered: bytes in a buffer would not be found by polling.
    #[must_use]
    pub fn with_poll_reader(mut self, poll_reader: Arc<dyn PollReader>) -> Self {
        self.poll_reader = Some(poll_reader);
        self
    }

    /// Adds a way to write content such as parts of files without a copy through memory; `None` if the transport has none.
    /// It writes to the same place as `writer`, which must be unbuffered: the bytes of both must arrive in the order of the
    /// calls.
    #[must_use]
    pub fn with_content_writer(mut self, content_writer: Option<Box<dyn ContentWriter>>) -> Self {
        self.content_writer = content_writer;
        self
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// Waits until a link is readable, and can be interrupted.
///
/// A thread that receives waits by it instead of in a read: a read could not be interrupted when the channel is closed,
/// gets a callback, or another thread needs the link to be read.
pub trait PollReader: Send + Sync {
    /// Waits until a read of the link's reader returns at once, with bytes, the end or an error; until
    /// [`interrupt`](Self::interrupt) is called, or was called since the last wait; or for no longer than `timeout`.
    /// One thread waits at a time.
    ///
    /// It may return [`Ready::Interrupted`] for no reason. It must not return [`Ready::Read`] for none: the read would
    /// block.
    ///
    /// # Errors
    ///
    /// The link cannot be polled. Only the gateway's reader thread reads it from then on.
    fn wait(&self, timeout: Option<Duration>) -> io::Result<Ready>;

    /// Makes the thread that waits return; if none waits, the next wait returns at once. What this thread has done
    /// before is visible to the one that returns.
    fn interrupt(&self);
}

/// Why a wait of a [`PollReader`] returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// A read returns at once.
    Read,
    /// An interrupt, the timeout, or no reason.
    Interrupted,
}

/// What a transport knows about the peer and can do to it.
pub trait PeerControl: Send + Sync {
    /// Returns why the peer ended. The gateway's reader thread calls it once, after the stream has ended or failed.
    ///
    /// The result becomes the source of every error that the end of the peer causes. It may wait half a second or so
    /// for an exit status: threads that wait on the gateway see the end only after this returns.
    fn post_mortem(&self) -> Option<SharedError> {
        None
    }

    /// Makes the peer end now, so that blocked reads and writes of the link return.
    fn kill(&self) {}
}

/// The control of a link that has nothing but its two streams.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoControl;

impl PeerControl for NoControl {}

/// Writes all bytes.
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
