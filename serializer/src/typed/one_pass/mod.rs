//! Reading Rust types in one pass over the bytes, without a document.
//!
//! In the format the number of items follows the items of a tuple, so the type
//! of a value is known late. Often the Rust type determines it. This reader
//! relies on that, and returns [`NeedsDocument`] if the bytes differ or are
//! invalid. Then a document is built, which has the exact value or error. So a
//! failure of this reader only costs time.
//!
//! What a document costs beside this, in instructions: rows of numbers 1.6 to 4.6
//! times as many, structs of numbers 2.5, of texts 1.4, enums 1.9 times; maps of
//! texts hardly more.
//!
//! If this reader succeeds, its result is that of the document: it reads value
//! after value by the format's grammar, the grammar is unambiguous, and it
//! makes the checks of the stack machine (text, limits, hashable keys). Tests
//! compare the two.

mod access;
mod de;
mod needs_document;
mod values;

use serde_core::de::Deserialize;

use crate::reader::Cursor;
use crate::scalar::Scalar;
use crate::{LoadOptions, Opcode, StrConfig, Token};
pub(super) use needs_document::NeedsDocument;

/// Reads a value without version byte from the start of `bytes`.
pub(super) fn read<'de, T: Deserialize<'de>>(
    options: &LoadOptions,
    bytes: &'de [u8],
) -> Result<T, NeedsDocument> {
    let limits = options.limits();
    if bytes.len() > limits.bytes() {
        // The value alone may be within the limit; the stack machine finds that out.
        return Err(NeedsDocument);
    }
    let mut pass = OnePass {
        cursor: Cursor::new(bytes),
        strings: options.strings(),
        items_left: limits.items(),
        levels_left: limits.depth(),
        key_at: usize::MAX,
        missed: false,
    };
    let value = T::deserialize(&mut pass)?;
    // A type may have read too little, or have ignored an error: then the cursor is
    // not at the end of the value, or `missed` is set.
    pass.expect(Opcode::Stop)?;
    if pass.missed {
        Err(NeedsDocument)
    } else {
        Ok(value)
    }
}

/// A reader at the start of a value.
pub(super) struct OnePass<'de> {
    cursor: Cursor<'de>,
    strings: StrConfig,
    items_left: usize,
    levels_left: u16,
    /// The position of the last key. A key that is read by `deserialize_any` there
    /// may be a number, which names no field, although the visitor of a field's
    /// name would take it as the index of one.
    key_at: usize,
    /// Set by any error. A type may continue after an error, for example with a
    /// default, but the cursor is then inside a value.
    missed: bool,
}

impl<'de> OnePass<'de> {
    #[inline(always)]
    fn peek(&self) -> Option<Opcode> {
        self.cursor.peek().and_then(Opcode::from_byte)
    }

    #[inline(always)]
    fn at(&self, opcode: Opcode) -> bool {
        self.cursor.peek() == Some(opcode.byte())
    }

    #[inline(always)]
    fn expect(&mut self, opcode: Opcode) -> Result<(), NeedsDocument> {
        match self.cursor.eat(opcode.byte()) {
            true => Ok(()),
            false => Err(NeedsDocument),
        }
    }

    /// Counts one value.
    #[inline(always)]
    fn count(&mut self) -> Result<(), NeedsDocument> {
        self.items_left = self.items_left.checked_sub(1).ok_or(NeedsDocument)?;
        Ok(())
    }

    /// The next token, which must be a value without parts.
    #[inline(always)]
    fn read_scalar(&mut self) -> Result<Token<'de>, NeedsDocument> {
        self.count()?;
        match Scalar::read(&mut self.cursor) {
            Ok(Some(scalar)) => Ok(scalar.into()),
            _ => Err(NeedsDocument),
        }
    }

    /// The operand of an opcode with a length or count, or of an `INT`.
    #[inline(always)]
    fn operand(&mut self, opcode: Opcode) -> Result<i32, NeedsDocument> {
        self.expect(opcode)?;
        match self.cursor.array() {
            Ok(bytes) => Ok(i32::from_be_bytes(bytes)),
            Err(_) => Err(NeedsDocument),
        }
    }

    /// Keeps that a value was not read.
    #[inline(always)]
    fn noted<T>(&mut self, read: Result<T, NeedsDocument>) -> Result<T, NeedsDocument> {
        self.missed |= read.is_err();
        read
    }

    /// The end of an item or a pair.
    #[inline(always)]
    fn set_item(&mut self) -> Result<(), NeedsDocument> {
        let set = self.expect(Opcode::SetItem);
        self.noted(set)
    }

    /// Enters a container; [`leave`](Self::leave) must follow.
    #[inline(always)]
    fn enter(&mut self) -> Result<(), NeedsDocument> {
        self.count()?;
        self.levels_left = self.levels_left.checked_sub(1).ok_or(NeedsDocument)?;
        Ok(())
    }

    #[inline(always)]
    const fn leave(&mut self) {
        self.levels_left += 1;
    }
}

#[cfg(test)]
mod tests;
