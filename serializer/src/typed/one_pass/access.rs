//! Gives serde the parts of containers, read one after another.

use serde_core::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::{NeedsDocument, OnePass};

/// The items of a list.
pub(super) struct Items<'d, 'de> {
    pub(super) pass: &'d mut OnePass<'de>,
    /// The index of the next one.
    pub(super) next: u32,
    pub(super) len: u32,
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
        // The index, which must be the next one, as the stack machine requires.
        if !self.pass.cursor.eat_int(self.next) {
            // Noted, because the visitor may ignore the error of an item.
            return self.pass.noted(Err(NeedsDocument));
        }
        let item = seed.deserialize(&mut *self.pass)?;
        self.pass.set_item()?;
        self.next += 1;
        Ok(Some(item))
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        // Each item takes at least seven bytes, so a type that reserves memory by
        // this hint reserves none for items that are not in the input.
        let room = self.pass.cursor.rest().len() / 7;
        Some(room.min((self.len - self.next) as usize))
    }
}

/// The items of a tuple.
pub(super) struct Parts<'d, 'de> {
    pub(super) pass: &'d mut OnePass<'de>,
    pub(super) left: usize,
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
    pub(super) pass: &'d mut OnePass<'de>,
    /// Whether the visitor has seen the end.
    pub(super) ended: bool,
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
                // For `anything`, which refuses a number there.
                self.pass.key_at = self.pass.cursor.offset();
                seed.deserialize(&mut *self.pass).map(Some)
            }
            // Nothing marks the end of a dict. What follows its last pair is no scalar,
            // or the next value: then its SETITEM is missing, which is an error.
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
