//! The parts of containers, read one after another.

use serde_core::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::{NeedsDocument, OnePass};

/// The items of a list.
pub(super) struct Items<'d, 'de> {
    pass: &'d mut OnePass<'de>,
    next: u32,
    len: u32,
}

impl<'d, 'de> Items<'d, 'de> {
    #[inline(always)]
    pub(super) const fn new(pass: &'d mut OnePass<'de>, len: u32) -> Self {
        Self { pass, next: 0, len }
    }

    #[inline(always)]
    pub(super) const fn end(&self) -> Result<(), NeedsDocument> {
        if self.next == self.len {
            Ok(())
        } else {
            Err(NeedsDocument)
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = NeedsDocument;

    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, NeedsDocument> {
        if self.next == self.len {
            return Ok(None);
        }
        if !self.pass.cursor.eat_int(self.next) {
            return self.pass.noted(Err(NeedsDocument));
        }
        let item = seed.deserialize(&mut *self.pass)?;
        self.pass.set_item()?;
        self.next += 1;
        Ok(Some(item))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        // Each item takes at least seven bytes, which bounds the number of
        // items.
        let room = self.pass.cursor.rest().len() / 7;
        Some(room.min((self.len - self.next) as usize))
    }
}

/// The items of a tuple.
pub(super) struct Parts<'d, 'de> {
    pass: &'d mut OnePass<'de>,
    left: usize,
}

impl<'d, 'de> Parts<'d, 'de> {
    #[inline(always)]
    pub(super) const fn new(pass: &'d mut OnePass<'de>, left: usize) -> Self {
        Self { pass, left }
    }

    #[inline(always)]
    pub(super) const fn end(&self) -> Result<(), NeedsDocument> {
        if self.left == 0 {
            Ok(())
        } else {
            Err(NeedsDocument)
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Parts<'_, 'de> {
    type Error = NeedsDocument;

    #[inline(always)]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, NeedsDocument> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        seed.deserialize(&mut *self.pass).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The pairs of a dict, up to an opcode that cannot start a key.
pub(super) struct Pairs<'d, 'de> {
    pass: &'d mut OnePass<'de>,
    /// Whether the visitor has seen the end.
    ended: bool,
}

impl<'d, 'de> Pairs<'d, 'de> {
    #[inline(always)]
    pub(super) const fn new(pass: &'d mut OnePass<'de>) -> Self {
        Self { pass, ended: false }
    }

    #[inline(always)]
    pub(super) const fn end(&self) -> Result<(), NeedsDocument> {
        if self.ended {
            Ok(())
        } else {
            Err(NeedsDocument)
        }
    }
}

impl<'de> MapAccess<'de> for &mut Pairs<'_, 'de> {
    type Error = NeedsDocument;

    #[inline(always)]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, NeedsDocument> {
        match self.pass.peek() {
            // These are hashable; other keys need the document.
            Some(opcode) if opcode.is_scalar() => {
                self.pass.key_at = self.pass.cursor.offset();
                seed.deserialize(&mut *self.pass).map(Some)
            }
            _ => {
                self.ended = true;
                Ok(None)
            }
        }
    }

    #[inline(always)]
    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, NeedsDocument> {
        let value = seed.deserialize(&mut *self.pass)?;
        self.pass.set_item()?;
        Ok(value)
    }
}
