//! Parts of files onto a link, without a way through this process's memory where the system knows one.

use alloc::boxed::Box;
use alloc::vec;
use std::fs::File;
use std::io;

use super::{LinkWriter, write_all};

/// Hands parts of files to where the writer of a link writes to.
///
/// It is a second hand on that writer, and dropped together with it.
pub trait FileWriter: Send {
    /// Writes up to `len` bytes of the file from `offset` on, behind what was written before, and says how many. It
    /// waits as the writer does where there is no room. 0 bytes are the end of the file.
    ///
    /// # Errors
    ///
    /// The link takes nothing from this file, or is gone, or the file cannot be read. Who called goes on through memory,
    /// which shows what it was.
    fn write_file(&mut self, file: &File, offset: u64, len: usize) -> io::Result<usize>;
}

/// Bytes of a file that belong into a frame, and what follows them there.
#[derive(Debug)]
pub(crate) struct FilePart<'a> {
    pub(crate) file: &'a File,
    pub(crate) offset: u64,
    pub(crate) len: usize,
    pub(crate) tail: &'a [u8],
    /// Why there are zeros in the place of some of them.
    pub(crate) failure: Option<io::Error>,
}

/// The writing end of a link, as a gateway holds it.
pub(crate) struct Output {
    writer: LinkWriter,
    files: Option<Box<dyn FileWriter>>,
}

/// So much goes through memory at once.
const BLOCK: usize = 64 * 1024;

impl Output {
    pub(crate) fn new(writer: LinkWriter, files: Option<Box<dyn FileWriter>>) -> Self {
        Self { writer, files }
    }

    /// Whether it takes parts of files around memory.
    pub(crate) fn takes_files(&self) -> bool {
        self.files.is_some()
    }

    /// Writes and flushes frames; the last of them goes on with `part`.
    ///
    /// # Errors
    ///
    /// The link is broken. A file that is shorter than it was, or cannot be read, is none: the frame is written whole.
    pub(crate) fn write(
        &mut self,
        frames: &[u8],
        part: Option<&mut FilePart<'_>>,
    ) -> io::Result<()> {
        write_all(&mut self.writer, frames)?;
        if let Some(part) = part {
            let done = self.send(part);
            self.copy(part, done)?;
            write_all(&mut self.writer, part.tail)?;
        }
        self.writer.flush()
    }

    /// How far it goes without memory.
    fn send(&mut self, part: &FilePart<'_>) -> usize {
        let Some(files) = &mut self.files else {
            return 0;
        };
        let mut done = 0;
        while done < part.len {
            match files.write_file(part.file, part.at(done), part.len - done) {
                Ok(0) => break,
                Ok(written) => done += written.min(part.len - done),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        done
    }

    /// The rest, and zeros for what cannot be had.
    fn copy(&mut self, part: &mut FilePart<'_>, mut done: usize) -> io::Result<()> {
        if done == part.len {
            return Ok(());
        }
        let mut block = vec![0; BLOCK.min(part.len - done)];
        while done < part.len {
            let room = block.len().min(part.len - done);
            let room = block.get_mut(..room).unwrap_or_default();
            let read = part.read(done, room);
            write_all(&mut self.writer, room.get(..read).unwrap_or_default())?;
            done += read;
        }
        Ok(())
    }
}

impl FilePart<'_> {
    fn at(&self, done: usize) -> u64 {
        self.offset
            .saturating_add(u64::try_from(done).unwrap_or(u64::MAX))
    }

    /// Fills the room, or a part of it, and returns its length. After a failure it is zeros.
    fn read(&mut self, done: usize, room: &mut [u8]) -> usize {
        while self.failure.is_none() {
            match read_at(self.file, room, self.at(done)) {
                Ok(0) => {
                    let text = "it was truncated while it was read";
                    self.failure = Some(io::Error::new(io::ErrorKind::UnexpectedEof, text));
                }
                Ok(read) => return read.min(room.len()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.failure = Some(error),
            }
        }
        room.fill(0);
        room.len()
    }
}

#[cfg(unix)]
fn read_at(file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, room, offset)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
    use std::io::{Read as _, Seek as _};
    file.seek(io::SeekFrom::Start(offset))?;
    file.read(room)
}
