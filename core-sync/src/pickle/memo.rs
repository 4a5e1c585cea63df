//! Texts that a pickle names again.

/// How many texts are compared with those that come. A power of two.
const SLOTS: usize = 256;

/// Texts that were written, each in the slot of its hash.
pub(super) struct Memo<'a> {
    slots: [Slot<'a>; SLOTS],
    /// The number of the next text that gets one.
    next: u32,
}

#[derive(Clone, Copy)]
enum Slot<'a> {
    /// A text came once, and the next one takes its place: most texts that come once come never again.
    Once(&'a [u8]),
    /// It came again, and the reader keeps it under a number.
    Numbered(&'a [u8], u32),
}

/// How a text is written.
pub(super) enum Written {
    InFull,
    /// In full, and the reader keeps it.
    Memoized,
    Number(u32),
}

impl<'a> Memo<'a> {
    pub(super) const fn new() -> Self {
        Self {
            slots: [Slot::Once(&[]); SLOTS],
            next: 0,
        }
    }

    pub(super) fn next_text(&mut self, text: &'a [u8]) -> Written {
        match self.slots.get_mut(slot(text)) {
            Some(&mut Slot::Numbered(known, number)) if known == text => Written::Number(number),
            Some(slot @ &mut Slot::Once(known)) if known == text => {
                *slot = Slot::Numbered(text, self.next);
                self.next += 1;
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

/// Texts with the same end and length share a slot, and then at most one of them gets a number.
fn slot(text: &[u8]) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let end = match text.last_chunk() {
        Some(end) => u64::from_le_bytes(*end),
        None => text.iter().fold(0, |end, &byte| end << 8 | u64::from(byte)),
    };
    let hash = (end ^ (text.len() as u64) << 56).wrapping_mul(FACTOR);
    (hash >> 32) as usize % SLOTS
}
