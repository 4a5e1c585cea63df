//! Parts of items that are not in memory, such as parts of files, and how they get onto a link.

use alloc::boxed::Box;
use alloc::vec;
use core::any::Any;
use std::io;

use super::{LinkWriter, write_all};

/// Bytes of an item that are not in memory, such as a range of a file.
///
/// It is `Any` because only a [`ContentWriter`] knows which kinds of content its link takes directly, and looks for
/// those.
pub trait Content: Any {
    /// Number of bytes.
    fn size(&self) -> usize;

    /// Reads bytes into `buffer`, from `offset` on, and returns their number. 0 means that the content ends before its
    /// size.
    ///
    /// # Errors
    ///
    /// The bytes cannot be read. Zeros are sent instead, as the peer expects the whole item.
    fn read_at(&self, offset: usize, buffer: &mut [u8]) -> io::Result<usize>;
}

/// Writes content onto a link without a copy through the memory of this process.
///
/// It writes to the same place as the link's writer, and is dropped together with it.
pub trait ContentWriter: Send {
    /// Writes bytes of the content from `offset` on, after all bytes that were written before, and returns their
    /// number. It blocks while the link takes no more. 0 means that the content ends before its size.
    ///
    /// # Errors
    ///
    /// The link does not take this content directly, or has ended, or the content cannot be read. The caller then
    /// copies the rest through memory, and finds the cause if it was one of the latter two.
    fn write_content(&mut self, content: &dyn Content, offset: usize) -> io::Result<usize>;
}

/// Content that belongs into a frame, and the bytes of the frame that follow it.
pub(crate) struct Part<'a> {
    content: &'a dyn Content,
    size: usize,
    tail: &'a [u8],
    /// Why zeros were sent instead of some of the content.
    failure: Option<io::Error>,
}

/// The writing end of a link, as a gateway holds it.
pub(crate) struct Output {
    writer: LinkWriter,
    content_writer: Option<Box<dyn ContentWriter>>,
}

/// Number of bytes that are copied through memory at once.
const BLOCK: usize = 64 * 1024;

impl Output {
    pub(crate) fn new(writer: LinkWriter, content_writer: Option<Box<dyn ContentWriter>>) -> Self {
        Self {
            writer,
            content_writer,
        }
    }

    pub(crate) fn has_content_writer(&self) -> bool {
        self.content_writer.is_some()
    }

    /// Writes and flushes frames, the last of which continues with `part`.
    ///
    /// # Errors
    ///
    /// The link is broken. Content that ends early or cannot be read is not an error here: its size is announced
    /// already, so that the frame has to be completed for the peer to find the next one.
    pub(crate) fn write(&mut self, frames: &[u8], part: Option<&mut Part<'_>>) -> io::Result<()> {
        write_all(&mut self.writer, frames)?;
        if let Some(part) = part {
            let written = self.write_directly(part);
            self.copy(part, written)?;
            write_all(&mut self.writer, part.tail)?;
        }
        self.writer.flush()
    }

    /// Returns how many bytes of the content the link took without a copy.
    fn write_directly(&mut self, part: &Part<'_>) -> usize {
        let Some(content_writer) = &mut self.content_writer else {
            return 0;
        };
        let mut done = 0;
        while done < part.size {
            match content_writer.write_content(part.content, done) {
                Ok(0) => break,
                Ok(written) => done += written.min(part.size - done),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        done
    }

    /// Writes the content from `done` on, with zeros for bytes that cannot be read.
    fn copy(&mut self, part: &mut Part<'_>, mut done: usize) -> io::Result<()> {
        if done == part.size {
            return Ok(());
        }
        let mut block = vec![0; BLOCK.min(part.size - done)];
        while done < part.size {
            let wanted = block.len().min(part.size - done);
            let buffer = block.get_mut(..wanted).unwrap_or_default();
            let read = part.read(done, buffer);
            write_all(&mut self.writer, buffer.get(..read).unwrap_or_default())?;
            done += read;
        }
        Ok(())
    }
}

impl<'a> Part<'a> {
    pub(crate) fn new(content: &'a dyn Content, tail: &'a [u8]) -> Self {
        Self {
            content,
            // Once: the length in the header and the number of bytes after it must not differ.
            size: content.size(),
            tail,
            failure: None,
        }
    }

    /// Number of bytes that the part adds to the frame.
    pub(crate) fn len(&self) -> usize {
        self.size.saturating_add(self.tail.len())
    }

    pub(crate) fn into_result(self) -> io::Result<()> {
        self.failure.map_or(Ok(()), Err)
    }

    /// Fills the start of `buffer`, which is not empty, and returns the number of bytes. After a failure they are
    /// zeros.
    fn read(&mut self, done: usize, buffer: &mut [u8]) -> usize {
        while self.failure.is_none() {
            match self.content.read_at(done, buffer) {
                Ok(0) => {
                    let text = "it was truncated while it was read";
                    self.failure = Some(io::Error::new(io::ErrorKind::UnexpectedEof, text));
                }
                Ok(read) => return read.min(buffer.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failure = Some(error),
            }
        }
        buffer.fill(0);
        buffer.len()
    }
}
