//! Texts that a pickle names again.

/// Number of slots: a power of two, so that the remainder is a mask, and as many as there are numbers of one byte.
const SLOTS: usize = 256;

/// Texts that were written, each in the slot of its hash.
pub(super) struct Memo<'a> {
    slots: [Slot<'a>; SLOTS],
    /// How many have a number.
    numbered: usize,
}

#[derive(Clone, Copy)]
enum Slot<'a> {
    /// Seen once. The next text of this slot replaces it, as most texts do not repeat.
    Once(&'a [u8]),
    /// Seen again: the reader keeps it under this number.
    Numbered(&'a [u8], u8),
}

/// How a text is written.
pub(super) enum Written {
    InFull,
    /// In full, and the reader keeps it under the next number.
    Memoized,
    Number(u8),
}

impl<'a> Memo<'a> {
    pub(super) const fn new() -> Self {
        Self {
            slots: [Slot::Once(&[]); SLOTS],
            numbered: 0,
        }
    }

    pub(super) fn look_up(&mut self, text: &'a [u8]) -> Written {
        match self.slots.get_mut(slot(text)) {
            Some(&mut Slot::Numbered(known, number)) if known == text => Written::Number(number),
            Some(slot @ &mut Slot::Once(known)) if known == text => {
                // Each slot gets at most one number.
                let Ok(number) = u8::try_from(self.numbered) else {
                    return Written::InFull;
                };
                *slot = Slot::Numbered(text, number);
                self.numbered += 1;
                Written::Memoized
            }
            Some(slot @ Slot::Once(_)) => {
                *slot = Slot::Once(text);
                Written::InFull
            }
            _ => Written::InFull,
        }
    }
}

/// Texts of one length with the same end share a slot, and then at most one of them gets a number.
fn slot(text: &[u8]) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let end = match text.last_chunk() {
        Some(end) => u64::from_le_bytes(*end),
        None => text.iter().fold(0, |end, &byte| end << 8 | u64::from(byte)),
    };
    let hash = (end ^ (text.len() as u64) << 56).wrapping_mul(FACTOR);
    (hash >> 32) as usize % SLOTS
}
