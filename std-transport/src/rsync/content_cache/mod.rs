//! The content of listed files, read once for all targets that keep pace with each other.

mod recent;

use alloc::sync::Arc;
use core::time::Duration;
use std::fs::File;
use std::io;

use crate::rsync::beneath::{self, Meta, data_range};
use crate::rsync::data_message::DIRECT;
use crate::rsync::file_index::FileIndex;
use crate::sync::{Condvar, Mutex};
use recent::{BlockKey, FileKey, Key, Recent};

/// Opens and reads files by number and, if there are several targets, keeps what was read last.
///
/// A target that is more than [`MAX_BYTES`](recent::MAX_BYTES) behind reads again, and delays no other target.
#[derive(Debug)]
pub(crate) struct ContentCache {
    index: Arc<FileIndex>,
    /// Whether there are several targets.
    shared: bool,
    kept: Mutex<Recent>,
    /// A read has finished.
    arrived: Condvar,
}

/// An open file with its metadata at the time of opening.
#[derive(Debug, Clone)]
pub(crate) struct OpenFile {
    number: u32,
    content: Content,
    pub(crate) meta: Meta,
}

#[derive(Debug, Clone)]
enum Content {
    /// It has not been read.
    File(Arc<File>),
    /// A small file for several targets is read when it is opened.
    Whole(Arc<[u8]>),
}

/// The unit in which larger files are read and kept.
const BLOCK: usize = 256 << 10;

/// Smaller files are read when they are opened.
const SMALL: u64 = DIRECT as u64;

/// How long a thread waits for a read of another thread before it reads itself. The other may be stuck: reads of
/// network file systems can block for minutes.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

impl ContentCache {
    pub(crate) fn new(index: Arc<FileIndex>, shared: bool) -> Self {
        Self {
            index,
            shared,
            kept: Mutex::default(),
            arrived: Condvar::default(),
        }
    }

    pub(crate) fn index(&self) -> &FileIndex {
        &self.index
    }

    /// Opens a listed file.
    ///
    /// # Errors
    /// It has been removed, or is not readable.
    pub(crate) fn open(&self, number: u32) -> io::Result<OpenFile> {
        if !self.shared {
            return self.open_new(number);
        }
        self.cached(FileKey(number), || self.open_new(number)?.read_if_small())
    }

    fn open_new(&self, number: u32) -> io::Result<OpenFile> {
        let (file, meta) = self.index.open_file(number)?;
        Ok(OpenFile {
            number,
            content: Content::File(Arc::new(file)),
            meta,
        })
    }

    /// Reads at an offset; 0 bytes only at the end of the file or for an empty buffer.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn read(
        &self,
        file: &OpenFile,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<usize> {
        let content = match &file.content {
            // For one target, keeping what was read would only cost a copy.
            Content::File(content) if !self.shared => return read_at(content, offset, buffer),
            Content::File(content) => content,
            Content::Whole(content) => return Ok(copy(content, offset, buffer)),
        };
        let size = u64::try_from(BLOCK).unwrap_or(u64::MAX);
        let (number, offset) = (offset / size, offset % size);
        let block = self.cached(BlockKey(file.number, number), || {
            let start = number.saturating_mul(size);
            // Up to the size at the opening: a file that grows is sent as it was announced.
            let left = file.meta.size.saturating_sub(start).min(size);
            read_full(content, start, left)
        })?;
        Ok(copy(&block, offset, buffer))
    }

    /// Returns the entry of the key. The first thread that needs it makes it, without the lock; others that come
    /// meanwhile wait for it.
    fn cached<K: Key>(
        &self,
        key: K,
        make: impl FnOnce() -> io::Result<K::Cached>,
    ) -> io::Result<K::Cached> {
        {
            let mut kept = self.kept.lock();
            if kept.is_being_read(key) {
                kept.waiting += 1;
                let being_read = |kept: &mut Recent| kept.is_being_read(key);
                kept = self.arrived.wait_while(kept, READ_TIMEOUT, being_read);
                kept.waiting -= 1;
            }
            if let Some(cached) = kept.take_or_read(key) {
                return Ok(cached);
            }
        }
        // Without the lock: reads take long, and other targets need what is kept already.
        let made = make();
        let awaited = {
            let mut kept = self.kept.lock();
            kept.put(key, made.as_ref().ok());
            kept.waiting > 0
        };
        if awaited {
            self.arrived.notify_all();
        }
        made
    }
}

impl OpenFile {
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// The file, for reading at offsets: several targets share its position. `None` if it has been read.
    pub(crate) const fn content(&self) -> Option<&Arc<File>> {
        match &self.content {
            Content::File(file) => Some(file),
            Content::Whole(_) => None,
        }
    }

    /// The range of the next data that is not a hole; empty, at the end of the file, if there is none. Holes of small
    /// files are ignored, and a file system without holes reports none.
    pub(crate) fn data_from(&self, offset: u64) -> (u64, u64) {
        let size = self.meta.size;
        match self.content().filter(|_| size >= SMALL) {
            Some(file) => data_range(file, offset, size),
            None => (offset, size),
        }
    }

    /// Opens the file once more, with a position of its own.
    pub(crate) fn reopened(&self, cache: &ContentCache) -> io::Result<(File, Meta)> {
        cache.index.open_file(self.number)
    }

    /// Reads the file if it is small.
    fn read_if_small(mut self) -> io::Result<Self> {
        if let Content::File(file) = &self.content
            && self.meta.size < SMALL
        {
            self.content = Content::Whole(read_full(file, 0, self.meta.size)?);
        }
        Ok(self)
    }
}

fn copy(content: &[u8], offset: u64, buffer: &mut [u8]) -> usize {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let wanted = content.get(start..).unwrap_or_default();
    let len = wanted.len().min(buffer.len());
    if let (Some(to), Some(from)) = (buffer.get_mut(..len), wanted.get(..len)) {
        to.copy_from_slice(from);
    }
    len
}

/// Reads `len` bytes, or fewer if the file ends before.
fn read_full(file: &File, start: u64, len: u64) -> io::Result<Arc<[u8]>> {
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(BLOCK)];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let offset = start.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
        match read_at(file, offset, rest)? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes.into())
}

fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match beneath::read_at(file, buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::rsync::beneath::{Dir, Name, ROOT};

    fn cache(shared: bool) -> (tempfile::TempDir, ContentCache) {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("f"), "first").unwrap();
        let index = FileIndex::new(Arc::new(Dir::at(place.path()).unwrap()));
        assert!(index.add_file(ROOT, Name::new(b"f").unwrap(), 5, false));
        (place, ContentCache::new(Arc::new(index), shared))
    }

    fn read(cache: &ContentCache) -> Vec<u8> {
        let file = cache.open(0).unwrap();
        let mut buffer = [0; 8];
        let len = cache.read(&file, 0, &mut buffer).unwrap();
        buffer[..len].to_vec()
    }

    #[test]
    fn a_file_is_read_once_for_several_targets() {
        let (place, cache) = cache(true);
        assert_eq!(read(&cache), b"first");
        // Whoever reads it again would see this.
        fs::write(place.path().join("f"), "other").unwrap();
        assert_eq!(read(&cache), b"first");
    }

    #[test]
    fn a_large_file_is_opened_once_for_several_targets() {
        let (place, cache) = cache(true);
        let path = place.path().join("f");
        fs::write(&path, vec![1; DIRECT]).unwrap();
        let first = cache.open(0).unwrap();
        fs::rename(path, place.path().join("g")).unwrap();
        let second = cache.open(0).unwrap();
        assert!(Arc::ptr_eq(
            first.content().unwrap(),
            second.content().unwrap()
        ));
    }

    #[test]
    fn what_could_not_be_read_is_tried_again() {
        let (place, cache) = cache(true);
        let path = place.path().join("f");
        fs::rename(&path, place.path().join("g")).unwrap();
        assert!(cache.open(0).is_err());
        fs::rename(place.path().join("g"), path).unwrap();
        assert_eq!(read(&cache), b"first");
    }
}
