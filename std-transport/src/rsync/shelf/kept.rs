use alloc::collections::VecDeque;
use alloc::sync::Arc;
use std::collections::HashMap;

use super::{Content, OpenFile};

/// How many bytes are kept for targets that are behind.
pub(super) const KEPT: usize = 24 << 20;

/// How many blocks and small files are, be they ever so small.
const MANY: usize = 8192;

/// How many files are kept open for them.
const OPEN: usize = 64;

/// What was read last, and who waits for what is being read.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// `None` while somebody reads it.
    pub(super) shelved: HashMap<Key, Option<Shelved>>,
    /// What is kept in memory, the oldest first.
    order: VecDeque<Key>,
    bytes: usize,
    /// What is kept open, the oldest first.
    open: VecDeque<Key>,
    /// How many wait for what somebody reads.
    pub(super) waiting: usize,
}

/// By number, and number of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    File(u32),
    Block(u32, u64),
}

#[derive(Debug, Clone)]
pub(super) enum Shelved {
    File(OpenFile),
    Block(Arc<[u8]>),
}

impl Kept {
    pub(super) fn is_being_read(&self, key: Key) -> bool {
        matches!(self.shelved.get(&key), Some(None))
    }

    pub(super) fn put(&mut self, key: Key, shelved: Option<&Shelved>) {
        let Some(shelved) = shelved else {
            self.shelved.remove(&key);
            return;
        };
        if let Some(Some(_)) = self.shelved.insert(key, Some(shelved.clone())) {
            // Another, who was thought lost, has read it too.
            return;
        }
        match shelved.bytes() {
            Some(bytes) => {
                self.bytes += bytes;
                self.order.push_back(key);
            }
            None => self.open.push_back(key),
        }
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.bytes > KEPT || self.order.len() > MANY {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some(Some(shelved)) = self.shelved.remove(&oldest) {
                self.bytes -= shelved.bytes().unwrap_or(0);
            }
        }
        while self.open.len() > OPEN {
            if let Some(oldest) = self.open.pop_front() {
                self.shelved.remove(&oldest);
            }
        }
    }
}

impl Shelved {
    /// How many are in memory; `None` for a file that is open.
    fn bytes(&self) -> Option<usize> {
        match self {
            Self::Block(bytes) => Some(bytes.len()),
            Self::File(file) => match &file.content {
                Content::Whole(bytes) => Some(bytes.len()),
                Content::File(_) => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::rsync::confine::{Kind, Meta};

    const BLOCK: usize = 256 << 10;

    fn block(len: usize) -> Shelved {
        Shelved::Block(vec![0; len].into())
    }

    #[test]
    fn what_is_kept_is_bounded_and_read_again_when_it_is_gone() {
        let mut kept = Kept::default();
        for number in 0..1_000 {
            kept.put(Key::Block(0, number), Some(&block(BLOCK)));
        }
        assert!(kept.bytes <= KEPT && kept.shelved.len() == KEPT / BLOCK);
        for number in 0..10_000 {
            kept.put(Key::Block(1, number), Some(&block(0)));
        }
        assert!(kept.shelved.len() <= MANY);
    }

    #[test]
    fn what_two_have_read_is_counted_once() {
        let mut kept = Kept::default();
        for _ in 0..2 {
            kept.put(Key::File(0), Some(&block(10)));
        }
        assert_eq!((kept.bytes, kept.order.len()), (10, 1));
    }

    #[test]
    fn so_many_files_are_open_and_no_more() {
        let file = Shelved::File(OpenFile {
            number: 0,
            content: Content::File(Arc::new(File::open("/dev/null").unwrap())),
            meta: Meta {
                kind: Kind::File,
                mode: 0,
                size: 0,
                mtime: 0,
            },
        });
        let mut kept = Kept::default();
        for number in 0..1_000 {
            kept.put(Key::File(number), Some(&file));
        }
        assert!(kept.shelved.len() == OPEN && kept.shelved.contains_key(&Key::File(999)));
    }
}
