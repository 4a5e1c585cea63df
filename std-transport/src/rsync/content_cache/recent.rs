//! The files and blocks that were read last, in bounded memory.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::hash::Hash;
use std::collections::HashMap;

use super::{Content, OpenFile};

/// Maximum number of bytes that are kept for targets that are behind.
pub(super) const MAX_BYTES: usize = 24 << 20;

/// Maximum number of blocks and small files that are kept.
const MAX_ENTRIES: usize = 8192;

/// Maximum number of larger files that are kept open.
const MAX_OPEN: usize = 64;

/// What was read last, and what is being read.
#[derive(Debug, Default)]
pub(super) struct Recent {
    files: Entries<FileKey>,
    blocks: Entries<BlockKey>,
    /// What is kept in memory, with its size in bytes, the oldest first.
    order: VecDeque<(CacheKey, usize)>,
    /// The sum of those sizes.
    bytes: usize,
    /// What is kept open, the oldest first.
    open: VecDeque<FileKey>,
    /// Number of threads that wait for a read of another thread.
    pub(super) waiting: usize,
}

/// An entry is `None` while a thread reads it.
type Entries<K> = HashMap<K, Option<<K as Key>::Cached>>;

/// The key of a cached file or block.
pub(super) trait Key: Copy + Eq + Hash {
    type Cached: Clone;

    fn entries(kept: &mut Recent) -> &mut Entries<Self>;

    /// Appends a new entry to the queue of those that are evicted.
    fn queue(self, cached: &Self::Cached, kept: &mut Recent);
}

/// A file, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileKey(pub(super) u32);

/// A block, by the number of its file and its number in that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct BlockKey(pub(super) u32, pub(super) u64);

#[derive(Debug, Clone, Copy)]
enum CacheKey {
    File(FileKey),
    Block(BlockKey),
}

impl Key for FileKey {
    type Cached = OpenFile;

    fn entries(kept: &mut Recent) -> &mut Entries<Self> {
        &mut kept.files
    }

    fn queue(self, file: &OpenFile, kept: &mut Recent) {
        match &file.content {
            Content::Whole(bytes) => kept.queue(CacheKey::File(self), bytes.len()),
            Content::File(_) => kept.open.push_back(self),
        }
    }
}

impl Key for BlockKey {
    type Cached = Arc<[u8]>;

    fn entries(kept: &mut Recent) -> &mut Entries<Self> {
        &mut kept.blocks
    }

    fn queue(self, block: &Arc<[u8]>, kept: &mut Recent) {
        kept.queue(CacheKey::Block(self), block.len());
    }
}

impl Recent {
    pub(super) fn is_being_read<K: Key>(&mut self, key: K) -> bool {
        matches!(K::entries(self).get(&key), Some(None))
    }

    /// Returns the entry of the key; if there is none, marks it as being read by the caller.
    pub(super) fn take_or_read<K: Key>(&mut self, key: K) -> Option<K::Cached> {
        let entries = K::entries(self);
        match entries.get(&key) {
            Some(Some(cached)) => Some(cached.clone()),
            _ => {
                entries.insert(key, None);
                None
            }
        }
    }

    /// Keeps what was read. After a failed read, the next thread that needs the entry reads it.
    pub(super) fn put<K: Key>(&mut self, key: K, cached: Option<&K::Cached>) {
        let entries = K::entries(self);
        let Some(cached) = cached else {
            // Unless another thread, which had timed out waiting for this one, has read it.
            if let Some(None) = entries.get(&key) {
                entries.remove(&key);
            }
            return;
        };
        if let Some(Some(_)) = entries.insert(key, Some(cached.clone())) {
            // Another thread, which had timed out waiting, has read it too: it is queued already.
            return;
        }
        key.queue(cached, self);
        self.make_room();
    }

    fn queue(&mut self, place: CacheKey, bytes: usize) {
        self.bytes += bytes;
        self.order.push_back((place, bytes));
    }

    fn make_room(&mut self) {
        while self.bytes > MAX_BYTES || self.order.len() > MAX_ENTRIES {
            let Some((oldest, bytes)) = self.order.pop_front() else {
                break;
            };
            self.bytes -= bytes;
            match oldest {
                CacheKey::File(key) => drop(self.files.remove(&key)),
                CacheKey::Block(key) => drop(self.blocks.remove(&key)),
            }
        }
        while self.open.len() > MAX_OPEN {
            if let Some(oldest) = self.open.pop_front() {
                self.files.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::rsync::beneath::{Kind, Meta};

    const BLOCK: usize = 256 << 10;

    fn block(len: usize) -> Arc<[u8]> {
        vec![0; len].into()
    }

    fn file(content: Content) -> OpenFile {
        let meta = Meta {
            kind: Kind::File,
            mode: 0,
            size: 0,
            mtime: 0,
        };
        OpenFile {
            number: 0,
            content,
            meta,
        }
    }

    #[test]
    fn the_cache_is_bounded_and_evicted_entries_are_read_again() {
        let mut kept = Recent::default();
        for number in 0..1_000 {
            kept.put(BlockKey(0, number), Some(&block(BLOCK)));
        }
        assert!(kept.bytes <= MAX_BYTES && kept.blocks.len() == MAX_BYTES / BLOCK);
        for number in 0..10_000 {
            kept.put(BlockKey(1, number), Some(&block(0)));
        }
        assert!(kept.blocks.len() <= MAX_ENTRIES);
    }

    #[test]
    fn files_and_blocks_share_the_room() {
        let mut kept = Recent::default();
        for number in 0..1_000 {
            kept.put(
                FileKey(number),
                Some(&file(Content::Whole(block(BLOCK / 8)))),
            );
            kept.put(BlockKey(number, 0), Some(&block(BLOCK)));
        }
        assert!(kept.bytes <= MAX_BYTES);
        assert!(kept.files.len() > 1 && kept.blocks.len() > 1);
    }

    #[test]
    fn what_two_have_read_is_counted_once() {
        let mut kept = Recent::default();
        for _ in 0..2 {
            kept.put(BlockKey(0, 0), Some(&block(10)));
        }
        assert_eq!((kept.bytes, kept.order.len()), (10, 1));
    }

    #[test]
    fn what_one_could_not_read_stays_where_another_has_read_it() {
        let mut kept = Recent::default();
        assert!(kept.take_or_read(BlockKey(0, 0)).is_none());
        kept.put(BlockKey(0, 0), Some(&block(10)));
        kept.put(BlockKey(0, 0), None);
        assert!(kept.take_or_read(BlockKey(0, 0)).is_some());
    }

    #[test]
    fn open_files_are_limited_in_number() {
        let open = file(Content::File(Arc::new(File::open("/dev/null").unwrap())));
        let mut kept = Recent::default();
        for number in 0..1_000 {
            kept.put(FileKey(number), Some(&open));
        }
        assert!(kept.files.len() == MAX_OPEN && kept.files.contains_key(&FileKey(999)));
    }
}
