//! Reading Rust types in one pass over the bytes, without a document.
//!
//! In the format the number of items follows the items of a tuple, so the type
//! of a value is known late. Often the Rust type determines it. This reader
//! relies on that, and returns [`NeedsDocument`] if the bytes differ or are
//! invalid. Then a document is built, which has the exact value or error. So a
//! failure of this reader only costs time.
//!
//! If this reader succeeds, its result is that of the document: it reads value
//! after value by the format's grammar, the grammar is unambiguous, and it
//! makes the checks of the stack machine (text, limits, hashable keys). Tests
//! compare the two.

mod access;
mod needs_document;

use serde_core::Deserializer;
use serde_core::de::value::BorrowedStrDeserializer;
use serde_core::de::{Deserialize, Visitor};

use super::HUMAN_READABLE;
use super::number::{visit_decimal, visit_int};
use super::special::{self, Marked};
#[cfg(feature = "alloc")]
use super::value::{Tag, Tagged};
use crate::reader::Cursor;
use crate::scalar::Scalar;
use crate::{Decimal, LoadOptions, Opcode, StrConfig, Token};
use access::{Items, Pairs, Parts, Variant};
pub(super) use needs_document::NeedsDocument;

/// Reads a value without version byte from the start of `bytes`.
pub(super) fn read<'de, T: Deserialize<'de>>(
    options: &LoadOptions,
    bytes: &'de [u8],
) -> Result<T, NeedsDocument> {
    let limits = options.limits();
    if bytes.len() > limits.bytes() {
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
    /// Where the last key starts.
    key_at: usize,
    /// Set by any error. A type may continue after an error, for example with a
    /// default, but the cursor is then inside a value.
    missed: bool,
}

impl<'de> OnePass<'de> {
    #[inline(always)]
    fn peek(&self) -> Option<Opcode> {
        let byte = self.cursor.rest().first();
        byte.and_then(|byte| Opcode::from_byte(*byte))
    }

    #[inline(always)]
    fn at(&self, opcode: Opcode) -> bool {
        self.cursor.rest().first() == Some(&opcode.byte())
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

    /// The bytes that follow an opcode and their length.
    #[inline(always)]
    fn counted(&mut self, opcode: Opcode) -> Result<&'de [u8], NeedsDocument> {
        let len = usize::try_from(self.operand(opcode)?).map_err(|_| NeedsDocument)?;
        self.cursor.bytes(len).map_err(|_| NeedsDocument)
    }

    /// What a value was read as; that it was not is kept.
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

    /// A list, all of which the visitor must consume.
    #[inline(always)]
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        self.enter()?;
        let len = u32::try_from(self.operand(Opcode::NewList)?).map_err(|_| NeedsDocument)?;
        let mut items = Items::new(self, len);
        let value = visitor.visit_seq(&mut items)?;
        items.end()?;
        self.leave();
        Ok(value)
    }

    /// A tuple of `len` items, all of which the visitor must consume.
    #[inline(always)]
    fn tuple<V: Visitor<'de>>(
        &mut self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        self.enter()?;
        let mut parts = Parts::new(self, len);
        let value = visitor.visit_seq(&mut parts)?;
        parts.end()?;
        if usize::try_from(self.operand(Opcode::BuildTuple)?) != Ok(len) {
            return Err(NeedsDocument);
        }
        self.leave();
        Ok(value)
    }

    #[inline(always)]
    fn dict<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        self.enter()?;
        self.expect(Opcode::NewDict)?;
        let mut pairs = Pairs::new(self);
        let value = visitor.visit_map(&mut pairs)?;
        pairs.end()?;
        self.leave();
        Ok(value)
    }

    #[inline(always)]
    fn int<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        if !self.at(Opcode::Int) {
            return self.long_int(visitor);
        }
        self.count()?;
        visit_int(i64::from(self.operand(Opcode::Int)?), visitor)
    }

    fn long_int<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        match self.read_scalar()? {
            Token::Long(value) => visit_int(i64::from(value), visitor),
            Token::LongInt(digits) | Token::LongLong(digits) => {
                visit_decimal(Decimal::parse(digits).ok_or(NeedsDocument)?, visitor)
            }
            _ => Err(NeedsDocument),
        }
    }

    #[inline(always)]
    fn float<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        if !self.at(Opcode::Float) {
            return self.any(visitor);
        }
        self.count()?;
        self.expect(Opcode::Float)?;
        match self.cursor.array() {
            Ok(bytes) => visitor.visit_f64(f64::from_be_bytes(bytes)),
            Err(_) => Err(NeedsDocument),
        }
    }

    #[inline(always)]
    fn text<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        if self.strings.py3str_as_py2str || !self.at(Opcode::Py3String) {
            // Visitors of text would take bytes that happen to be UTF-8.
            return match self.peek() {
                Some(Opcode::Unicode) => self.scalar(visitor),
                _ => Err(NeedsDocument),
            };
        }
        self.count()?;
        visitor.visit_borrowed_str(utf8(self.counted(Opcode::Py3String)?)?)
    }

    #[inline(always)]
    fn option<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        if !self.at(Opcode::None) {
            return visitor.visit_some(self);
        }
        self.count()?;
        self.expect(Opcode::None)?;
        visitor.visit_none()
    }

    /// The types that travel as newtypes of special names.
    fn special<V: Visitor<'de>>(
        &mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        match (name, self.peek()) {
            (special::CHANNEL, _) => {
                self.count()?;
                let id = self.operand(Opcode::Channel)?;
                let marked = Marked::new(special::CHANNEL_KEY, id);
                visitor
                    .visit_newtype_struct(marked)
                    .map_err(|_| NeedsDocument)
            }
            (special::INT, Some(Opcode::Int)) => self.int(visitor),
            #[cfg(feature = "alloc")]
            (special::VALUE, Some(Opcode::NewDict)) => visitor.visit_enum(Tagged {
                tag: Tag::Dict,
                node: self,
            }),
            (special::INT, _) => Err(NeedsDocument),
            (special::VALUE, _) => self.any(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn bytes<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        match self.peek() {
            // Visitors of bytes would take text.
            Some(Opcode::Bytes) => self.scalar(visitor),
            _ => Err(NeedsDocument),
        }
    }

    fn variant<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        if !self.at(Opcode::NewDict) {
            let name = <&str>::deserialize(self)?;
            return visitor.visit_enum(BorrowedStrDeserializer::new(name));
        }
        self.enter()?;
        self.expect(Opcode::NewDict)?;
        let value = visitor.visit_enum(Variant(self))?;
        self.set_item()?;
        self.leave();
        Ok(value)
    }

    #[inline(always)]
    fn any<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        match self.peek() {
            Some(Opcode::NewList) => self.list(visitor),
            Some(Opcode::NewDict) => self.dict(visitor),
            _ => self.scalar(visitor),
        }
    }

    /// Any value except a number as key, which needs the document.
    #[inline(always)]
    fn anything<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        if self.key_at == self.cursor.offset() && !self.at(Opcode::Py3String) {
            return Err(NeedsDocument);
        }
        self.any(visitor)
    }

    fn scalar<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        match self.read_scalar()? {
            Token::None => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Int(value) | Token::Long(value) => visit_int(i64::from(value), visitor),
            // Larger ones have no method that all visitors have.
            Token::LongInt(digits) | Token::LongLong(digits) => {
                let value = Decimal::parse(digits).and_then(Decimal::to_i64);
                visit_int(value.ok_or(NeedsDocument)?, visitor)
            }
            Token::Float(value) => visitor.visit_f64(value),
            Token::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            Token::Py3String(bytes) if self.strings.py3str_as_py2str => {
                visitor.visit_borrowed_bytes(bytes)
            }
            Token::Py2String(bytes) if !self.strings.py2str_as_py3str => {
                visitor.visit_borrowed_bytes(bytes)
            }
            // By latin-1 it would not be these bytes.
            Token::Py2String(bytes) if !bytes.is_ascii() => Err(NeedsDocument),
            Token::Py2String(text) | Token::Py3String(text) | Token::Unicode(text) => {
                visitor.visit_borrowed_str(utf8(text)?)
            }
            _ => Err(NeedsDocument),
        }
    }

    /// Skips a value with the same checks.
    fn skip(&mut self) -> Result<(), NeedsDocument> {
        match self.peek() {
            Some(Opcode::NewList) => self.list(serde_core::de::IgnoredAny),
            Some(Opcode::NewDict) => self.dict(serde_core::de::IgnoredAny),
            _ => self.scalar(serde_core::de::IgnoredAny),
        }
        .map(drop)
    }
}

#[inline(always)]
fn utf8(text: &[u8]) -> Result<&str, NeedsDocument> {
    core::str::from_utf8(text).map_err(|_| NeedsDocument)
}

/// What serde asks for, by the method that reads it.
macro_rules! reads {
    ($($method:ident($($given:ty),*) => |$pass:ident, $visitor:ident| $read:expr;)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self $(, _: $given)*, $visitor: V) -> Result<V::Value, NeedsDocument> {
            let $pass = self;
            let read = $read;
            $pass.noted(read)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut OnePass<'de> {
    type Error = NeedsDocument;

    reads! {
        deserialize_any() => |pass, visitor| pass.anything(visitor);
        deserialize_bool() => |pass, visitor| pass.scalar(visitor);
        deserialize_i8() => |pass, visitor| pass.int(visitor);
        deserialize_i16() => |pass, visitor| pass.int(visitor);
        deserialize_i32() => |pass, visitor| pass.int(visitor);
        deserialize_i64() => |pass, visitor| pass.int(visitor);
        deserialize_i128() => |pass, visitor| pass.int(visitor);
        deserialize_u8() => |pass, visitor| pass.int(visitor);
        deserialize_u16() => |pass, visitor| pass.int(visitor);
        deserialize_u32() => |pass, visitor| pass.int(visitor);
        deserialize_u64() => |pass, visitor| pass.int(visitor);
        deserialize_u128() => |pass, visitor| pass.int(visitor);
        deserialize_f32() => |pass, visitor| pass.float(visitor);
        deserialize_f64() => |pass, visitor| pass.float(visitor);
        deserialize_char() => |pass, visitor| pass.text(visitor);
        deserialize_str() => |pass, visitor| pass.text(visitor);
        deserialize_string() => |pass, visitor| pass.text(visitor);
        deserialize_identifier() => |pass, visitor| pass.text(visitor);
        deserialize_bytes() => |pass, visitor| pass.bytes(visitor);
        deserialize_byte_buf() => |pass, visitor| pass.bytes(visitor);
        deserialize_option() => |pass, visitor| pass.option(visitor);
        deserialize_unit() => |pass, visitor| pass.scalar(visitor);
        deserialize_unit_struct(&'static str) => |pass, visitor| pass.scalar(visitor);
        deserialize_seq() => |pass, visitor| pass.list(visitor);
        deserialize_map() => |pass, visitor| pass.dict(visitor);
        deserialize_struct(&'static str, &'static [&'static str]) =>
            |pass, visitor| pass.dict(visitor);
        deserialize_enum(&'static str, &'static [&'static str]) =>
            |pass, visitor| pass.variant(visitor);
        deserialize_ignored_any() =>
            |pass, visitor| pass.skip().and_then(|()| visitor.visit_unit());
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        let read = match special::is_special(name) {
            true => self.special(name, visitor),
            false => visitor.visit_newtype_struct(&mut *self),
        };
        self.noted(read)
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        let read = self.tuple(len, visitor);
        self.noted(read)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        self.deserialize_tuple(len, visitor)
    }

    fn is_human_readable(&self) -> bool {
        HUMAN_READABLE
    }
}

#[cfg(test)]
mod tests;
