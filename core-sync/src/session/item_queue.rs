//! A queue of items that takes little more memory than their bytes.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use execnet_serializer::{ChannelId, StrConfig};

use super::{ITEM_COST, QueuedItem};
use crate::frame::SpareBuffer;
use crate::memory;

/// The length of a block, in bytes. A queue frees a block when it has been read.
const BLOCK: usize = 16 << 10;

/// An empty queue keeps its last block if it is no larger, in bytes: a receiver that keeps up causes no allocation, and
/// 10,000 idle channels keep 10 MB at most.
const KEPT: usize = 1 << 10;

/// Number of whole items in one chunk.
const CHUNK: usize = 64;

// Bits of a record's tag: the string settings of its item, and how the item is stored.
const PY2STR_AS_PY3STR: u8 = 1;
const PY3STR_AS_PY2STR: u8 = 2;
const WHOLE: u8 = 4;

/// The items of an inbox, oldest first.
///
/// ```text
/// record of a small item   tag, length, payload
/// record of another        tag with WHOLE: the item is the next one of `whole`
/// ```
///
/// Most items are small. A heap block for each, and a list of structs beside them, would take some hundred bytes for an
/// item of six. The blocks are freed while the queue is read: its memory grows and shrinks with its content.
#[derive(Debug, Default)]
pub(super) struct ItemQueue {
    /// Records, one after the other; none spans two blocks.
    blocks: VecDeque<Block>,
    /// Items in buffers of their own, in chunks, which are freed as the blocks are.
    whole: VecDeque<VecDeque<Whole>>,
}

#[derive(Debug, Default)]
struct Block {
    bytes: Vec<u8>,
    /// Number of bytes that have been read.
    read: usize,
}

/// An item that is not in a block.
#[derive(Debug)]
enum Whole {
    /// It names no channel, and was not refused: its payload.
    Plain(Vec<u8>),
    Other(Box<QueuedItem>),
}

impl ItemQueue {
    /// Reserves the memory for an item, which [`push`](Self::push) then does not allocate, except for the few fields of
    /// one that names channels. Returns false if the allocation fails.
    #[must_use]
    pub(super) fn make_room(&mut self, payload: usize, plain: bool) -> bool {
        // An item that is refused after this takes a record, too, and a shorter one.
        match u8::try_from(payload) {
            Ok(len) if plain => self.block_for(2 + usize::from(len)).is_some(),
            _ => self.block_for(2).is_some() && self.chunk().is_some(),
        }
    }

    /// Adds an item, for which there is room. The buffer of one that is copied goes to `spare`.
    pub(super) fn push(&mut self, item: QueuedItem, spare: &mut SpareBuffer) {
        let plain = item.references.is_empty() && item.refused.is_none();
        let tag = tag(item.strings);
        // Short items are copied into a block. The session is locked meanwhile, so that longer ones are moved instead.
        match u8::try_from(item.payload.len()) {
            // The cost of such an item follows from its length, and need not be stored.
            Ok(len) if plain => {
                self.push_record(&[tag, len], &item.payload);
                spare.put(item.payload);
            }
            _ => {
                self.push_record(&[tag | WHOLE], &[]);
                self.push_whole(item, plain);
            }
        }
    }

    /// Takes the oldest item, in the spare buffer if it has to be copied.
    pub(super) fn pop(&mut self, spare: &mut SpareBuffer) -> Option<QueuedItem> {
        // An item for which there was no room after all may have left an empty block.
        while self.blocks.len() > 1 && self.blocks.front().is_some_and(Block::is_read) {
            self.blocks.pop_front();
        }
        let block = self.blocks.front_mut()?;
        let tag = *block.take(1)?.first()?;
        let item = if tag & WHOLE == 0 {
            let len = *block.take(1)?.first()?;
            let mut payload = spare.take();
            payload.extend_from_slice(block.take(usize::from(len))?);
            QueuedItem::plain(payload, strings(tag))
        } else {
            match self.pop_whole()? {
                Whole::Plain(payload) => QueuedItem::plain(payload, strings(tag)),
                Whole::Other(item) => *item,
            }
        };
        self.free_front();
        Some(item)
    }

    /// The channels that all items name.
    pub(super) fn references(&self) -> impl Iterator<Item = ChannelId> {
        let items = self.whole.iter().flatten();
        let references = items.filter_map(|item| match item {
            Whole::Plain(_) => None,
            Whole::Other(item) => Some(item.references.iter().copied()),
        });
        references.flatten()
    }

    fn push_record(&mut self, head: &[u8], payload: &[u8]) {
        if let Some(block) = self.block_for(head.len() + payload.len()) {
            block.push(head, payload);
        }
    }

    /// The last block, with memory for a record of this length; `None` if the allocation fails.
    fn block_for(&mut self, len: usize) -> Option<&mut Block> {
        let last = self.blocks.back_mut();
        let has_room = last.is_some_and(|block| {
            let bytes = &mut block.bytes;
            bytes.len() + len <= BLOCK
                && (bytes.capacity() - bytes.len() >= len
                    || memory::has_spare() && memory::reserve(bytes, len).is_ok())
        });
        if !has_room {
            self.add_block(len)?;
        }
        self.blocks.back_mut()
    }

    fn add_block(&mut self, len: usize) -> Option<()> {
        let mut bytes = Vec::new();
        if !memory::has_spare() {
            return None;
        }
        // The first block may stay small, and grows as a vector does. A queue that has filled it will fill others.
        if self.blocks.is_empty() || bytes.try_reserve_exact(BLOCK).is_err() {
            memory::reserve(&mut bytes, len).ok()?;
        }
        self.blocks.try_reserve(1).ok()?;
        self.blocks.push_back(Block { bytes, read: 0 });
        Some(())
    }

    fn push_whole(&mut self, item: QueuedItem, plain: bool) {
        let whole = match plain {
            true => Whole::Plain(item.payload),
            false => Whole::Other(Box::new(item)),
        };
        if let Some(chunk) = self.chunk() {
            chunk.push_back(whole);
        }
    }

    /// The last chunk, with memory for a whole item; `None` if the allocation fails.
    fn chunk(&mut self) -> Option<&mut VecDeque<Whole>> {
        if self.whole.back().is_none_or(|chunk| chunk.len() >= CHUNK) {
            self.whole.try_reserve(1).ok()?;
            self.whole.push_back(VecDeque::new());
        }
        let chunk = self.whole.back_mut()?;
        chunk.try_reserve(1).ok()?;
        Some(chunk)
    }

    fn pop_whole(&mut self) -> Option<Whole> {
        // Whole items are in the order of their records, so that a record needs no index.
        let chunk = self.whole.front_mut()?;
        let item = chunk.pop_front()?;
        if chunk.is_empty() {
            self.whole.pop_front();
            shrink(&mut self.whole);
        }
        Some(item)
    }

    /// Frees the first block if all of it has been read.
    fn free_front(&mut self) {
        let last = self.blocks.len() == 1;
        let Some(block) = self.blocks.front_mut().filter(|block| block.is_read()) else {
            return;
        };
        // Only the last block: after a burst the others are freed at once, and not kept for the next one.
        if last && block.bytes.capacity() <= KEPT {
            block.bytes.clear();
            block.read = 0;
            return;
        }
        self.blocks.pop_front();
        shrink(&mut self.blocks);
    }
}

/// Frees most of the memory of a list that was longer once.
fn shrink<T>(chunks: &mut VecDeque<T>) {
    if chunks.capacity() > 64 && chunks.len() < chunks.capacity() / 4 {
        chunks.shrink_to(chunks.len() * 2);
    }
}

impl Block {
    fn push(&mut self, head: &[u8], payload: &[u8]) {
        self.bytes.extend_from_slice(head);
        self.bytes.extend_from_slice(payload);
    }

    fn take(&mut self, len: usize) -> Option<&[u8]> {
        let end = self.read.checked_add(len)?;
        let taken = self.bytes.get(self.read..end)?;
        self.read = end;
        Some(taken)
    }

    fn is_read(&self) -> bool {
        self.read == self.bytes.len()
    }
}

impl QueuedItem {
    /// An item that names no channel.
    fn plain(payload: Vec<u8>, strings: StrConfig) -> Self {
        Self {
            cost: payload.len().saturating_add(ITEM_COST),
            payload,
            strings,
            references: Vec::new(),
            refused: None,
        }
    }
}

fn tag(strings: StrConfig) -> u8 {
    let flag = |flag: bool, bit: u8| if flag { bit } else { 0 };
    flag(strings.py2str_as_py3str, PY2STR_AS_PY3STR)
        | flag(strings.py3str_as_py2str, PY3STR_AS_PY2STR)
}

fn strings(tag: u8) -> StrConfig {
    StrConfig {
        py2str_as_py3str: tag & PY2STR_AS_PY3STR != 0,
        py3str_as_py2str: tag & PY3STR_AS_PY2STR != 0,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::session::RefusedId;

    const SMALL: usize = u8::MAX as usize;

    fn item(number: usize) -> QueuedItem {
        let strings = StrConfig {
            py2str_as_py3str: number.is_multiple_of(2),
            py3str_as_py2str: number.is_multiple_of(3),
        };
        // Around the threshold of whole items, and longer than a block.
        let len = match number % 7 {
            6 => BLOCK * 2,
            kind => [0, 6, 100, SMALL - 1, SMALL, SMALL + 1][kind],
        };
        let mut item = QueuedItem::plain(vec![number as u8; len], strings);
        if number.is_multiple_of(5) {
            item.references = vec![ChannelId(number as i32)];
        }
        if number.is_multiple_of(11) {
            item.refused = Some(RefusedId::InUse(ChannelId(1)));
            item.cost = 7;
        }
        item
    }

    #[test]
    fn items_are_returned_unchanged_and_in_order() {
        let spare = &mut SpareBuffer::default();
        for waiting in [1, 2, 70, 500] {
            let mut queue = ItemQueue::default();
            let mut out = 0;
            for number in 0..1500 {
                let next = item(number);
                let plain = next.references.is_empty() && next.refused.is_none();
                assert!(queue.make_room(next.payload.len(), plain));
                queue.push(next, spare);
                // Bursts of different lengths; every 400 items the queue is read to the end.
                if number % 400 == 399 || number - out >= waiting {
                    let left = if number % 400 == 399 { 0 } else { waiting / 2 };
                    while number + 1 - out > left {
                        assert_eq!(queue.pop(spare), Some(item(out)), "{waiting}");
                        out += 1;
                    }
                }
            }
            while let Some(next) = queue.pop(spare) {
                assert_eq!(next, item(out));
                out += 1;
            }
            assert_eq!(out, 1500);
            assert!(queue.whole.is_empty());
        }
    }

    #[test]
    fn the_channels_that_items_name_are_found() {
        let mut queue = ItemQueue::default();
        let spare = &mut SpareBuffer::default();
        (0..200).for_each(|number| queue.push(item(number), spare));
        assert!(queue.references().eq((0..200).step_by(5).map(ChannelId)));
    }
}
