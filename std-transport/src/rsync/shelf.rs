//! The content of listed files, read once for all targets that keep up with one another.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::time::Duration;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use super::catalog::Catalog;
use super::confine::Meta;
use crate::sync::{Condvar, Mutex};

/// Reads files by number and, where several targets want them, keeps what was read last at hand.
///
/// A target that falls behind by more than [`KEPT`] bytes reads for itself: it costs a read, and holds up nobody.
#[derive(Debug)]
pub(crate) struct Shelf {
    catalog: Arc<Catalog>,
    shared: bool,
    blocks: Mutex<Blocks>,
    arrived: Condvar,
}

/// A listed file that is open, as it was when it was opened.
#[derive(Debug, Clone)]
pub(crate) struct OpenFile {
    number: u32,
    file: Arc<File>,
    pub(crate) meta: Meta,
}

#[derive(Debug, Default)]
struct Blocks {
    files: VecDeque<OpenFile>,
    /// `None` while somebody reads it.
    blocks: HashMap<Key, Option<Arc<[u8]>>>,
    /// Of those that were read, the oldest first.
    order: VecDeque<Key>,
    bytes: usize,
}

/// File and block number.
type Key = (u32, u64);

const BLOCK: usize = 256 << 10;

/// How many bytes are kept for targets that are behind.
const KEPT: usize = 24 << 20;

/// How many blocks are, be they ever so small.
const MANY: usize = 8192;

/// How many files are kept open for them.
const OPEN: usize = 64;

/// After this a reader is thought lost, and its block is read again.
const PATIENCE: Duration = Duration::from_secs(10);

impl Shelf {
    pub(crate) fn new(catalog: Arc<Catalog>, shared: bool) -> Self {
        Self {
            catalog,
            shared,
            blocks: Mutex::default(),
            arrived: Condvar::default(),
        }
    }

    pub(crate) fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Opens a listed file.
    ///
    /// # Errors
    /// It is not there any more, or not readable.
    pub(crate) fn open(&self, number: u32) -> io::Result<OpenFile> {
        if !self.shared {
            return self.open_new(number);
        }
        let held = self
            .blocks
            .lock()
            .files
            .iter()
            .find(|file| file.number == number)
            .cloned();
        if let Some(file) = held {
            return Ok(file);
        }
        let file = self.open_new(number)?;
        let mut blocks = self.blocks.lock();
        blocks.files.truncate(OPEN - 1);
        blocks.files.push_front(file.clone());
        Ok(file)
    }

    fn open_new(&self, number: u32) -> io::Result<OpenFile> {
        let (file, meta) = self.catalog.open_file(number)?;
        Ok(OpenFile {
            number,
            file: Arc::new(file),
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
        if !self.shared {
            return file.read_at(offset, buffer);
        }
        let size = u64::try_from(BLOCK).unwrap_or(u64::MAX);
        let block = self.block(file, offset / size)?;
        let start = usize::try_from(offset % size).unwrap_or(usize::MAX);
        let wanted = block.get(start..).unwrap_or_default();
        let len = wanted.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..len), wanted.get(..len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }

    fn block(&self, file: &OpenFile, number: u64) -> io::Result<Arc<[u8]>> {
        let key = (file.number, number);
        {
            let blocks = self.blocks.lock();
            let mut blocks = self.arrived.wait_while(blocks, PATIENCE, |blocks| {
                matches!(blocks.blocks.get(&key), Some(None))
            });
            if let Some(Some(block)) = blocks.blocks.get(&key) {
                return Ok(Arc::clone(block));
            }
            blocks.blocks.insert(key, None);
        }
        let read = file.read_block(number);
        self.blocks.lock().put(key, read.as_ref().ok());
        self.arrived.notify_all();
        read
    }
}

impl OpenFile {
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// The file itself, for who asks for its bytes by their place.
    pub(crate) const fn content(&self) -> &Arc<File> {
        &self.file
    }

    /// The same file once more, to be read from its beginning without moving anybody's place in it.
    pub(crate) fn reopened(&self, shelf: &Shelf) -> io::Result<(File, Meta)> {
        shelf.catalog.open_file(self.number)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read_at(buffer, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    fn read_block(&self, number: u64) -> io::Result<Arc<[u8]>> {
        let size = u64::try_from(BLOCK).unwrap_or(u64::MAX);
        let start = number.saturating_mul(size);
        let left = self.meta.size.saturating_sub(start).min(size);
        let mut block = vec![0; usize::try_from(left).unwrap_or(BLOCK)];
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let offset = start.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
            match self.read_at(offset, rest)? {
                0 => break,
                len => filled += len,
            }
        }
        block.truncate(filled);
        Ok(block.into())
    }
}

impl Blocks {
    fn put(&mut self, key: Key, block: Option<&Arc<[u8]>>) {
        let Some(block) = block else {
            self.blocks.remove(&key);
            return;
        };
        self.bytes += block.len();
        self.blocks.insert(key, Some(Arc::clone(block)));
        self.order.push_back(key);
        while self.bytes > KEPT || self.order.len() > MANY {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some(Some(block)) = self.blocks.remove(&oldest) {
                self.bytes -= block.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::rsync::confine::{Dir, Name, ROOT};

    fn shelf(shared: bool) -> (tempfile::TempDir, Shelf) {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("f"), "first").unwrap();
        let catalog = Catalog::new(Arc::new(Dir::at(place.path()).unwrap()));
        assert!(catalog.add_file(ROOT, Name::new(b"f").unwrap(), 5, false));
        (place, Shelf::new(Arc::new(catalog), shared))
    }

    fn read(shelf: &Shelf) -> Vec<u8> {
        let file = shelf.open(0).unwrap();
        let mut buffer = [0; 8];
        let len = shelf.read(&file, 0, &mut buffer).unwrap();
        buffer[..len].to_vec()
    }

    #[test]
    fn a_file_is_read_once_for_several_targets() {
        let (place, shelf) = shelf(true);
        assert_eq!(read(&shelf), b"first");
        // Whoever reads it again would see this.
        fs::write(place.path().join("f"), "other").unwrap();
        assert_eq!(read(&shelf), b"first");
    }

    #[test]
    fn what_is_kept_is_bounded_and_read_again_when_it_is_gone() {
        let mut blocks = Blocks::default();
        for number in 0..1_000 {
            blocks.put((0, number), Some(&vec![0; BLOCK].into()));
        }
        assert!(blocks.bytes <= KEPT && blocks.blocks.len() == KEPT / BLOCK);
        for number in 0..10_000 {
            blocks.put((1, number), Some(&Vec::new().into()));
        }
        assert!(blocks.blocks.len() <= MANY);
    }

    #[test]
    fn a_block_that_could_not_be_read_is_tried_again() {
        let (_place, shelf) = shelf(true);
        shelf.blocks.lock().put((0, 0), None);
        assert_eq!(read(&shelf), b"first");
    }
}
