use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::hash::Hash;
use std::collections::HashMap;

use super::{Content, OpenFile};

/// How many bytes are kept for targets that are behind.
pub(super) const MAX_BYTES: usize = 24 << 20;

/// How many blocks and small files are, be they ever so small.
const MAX_ENTRIES: usize = 8192;

/// How many files are kept open for them.
const OPEN: usize = 64;

/// What was read last, and who waits for what is being read.
#[derive(Debug, Default)]
pub(super) struct Recent {
    files: Entries<FileKey>,
    blocks: Entries<BlockKey>,
    /// What is kept in memory, and how many bytes of it, the oldest first.
    order: VecDeque<(CacheKey, usize)>,
    /// The sum of those bytes.
    bytes: usize,
    /// What is kept open, the oldest first.
    open: VecDeque<FileKey>,
    /// How many wait for what somebody reads.
    pub(super) waiting: usize,
}

/// `None` while somebody reads it.
type Entries<K> = HashMap<K, Option<<K as Key>::Cached>>;

/// What something is found under.
pub(super) trait Key: Copy + Eq + Hash {
    type Cached: Clone;

    fn entries(kept: &mut Recent) -> &mut Entries<Self>;

    /// Puts what is new at the end of those that are to make room.
    fn queue(self, cached: &Self::Cached, kept: &mut Recent);
}

/// A file, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FileKey(pub(super) u32);

/// A block, by the number of its file and its own.
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

    /// What is here under the key; if nothing is, the caller is the one who reads it.
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

    /// Keeps what was read, or lets the next one read it who asks.
    pub(super) fn put<K: Key>(&mut self, key: K, cached: Option<&K::Cached>) {
        let entries = K::entries(self);
        let Some(cached) = cached else {
            // Another, who was thought lost, may have read it.
            if let Some(None) = entries.get(&key) {
                entries.remove(&key);
            }
            return;
        };
        if let Some(Some(_)) = entries.insert(key, Some(cached.clone())) {
            // Another, who was thought lost, has read it too.
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
        while self.open.len() > OPEN {
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
    fn what_is_kept_is_bounded_and_read_again_when_it_is_gone() {
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
    fn so_many_files_are_open_and_no_more() {
        let open = file(Content::File(Arc::new(File::open("/dev/null").unwrap())));
        let mut kept = Recent::default();
        for number in 0..1_000 {
            kept.put(FileKey(number), Some(&open));
        }
        assert!(kept.files.len() == OPEN && kept.files.contains_key(&FileKey(999)));
    }
}
