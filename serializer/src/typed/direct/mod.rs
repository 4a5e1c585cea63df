//! The fast way from bytes to Rust types: in one pass, without a document.
//!
//! The format puts the count of a tuple behind its items, so that what a value
//! is can be known only later. The type often tells: this reader goes by it,
//! and misses where the bytes are otherwise, or anything is wrong with them.
//! Then the document is built after all, and says exactly what the value is or
//! what is wrong. So a miss costs time and nothing else.
//!
//! What this reader accepts is what the document means: it takes one value
//! after another as the format's grammar has them, the grammar gives one
//! meaning to each run of opcodes, and it checks what the machine checks (text,
//! limits, that keys are hashable). Tests hold the two against each other.

mod access;
mod miss;

use serde_core::Deserializer;
use serde_core::de::value::BorrowedStrDeserializer;
use serde_core::de::{Deserialize, Visitor};

use super::HUMAN_READABLE;
use super::number::{visit_decimal, visit_int};
use super::special::{self, Marked};
#[cfg(feature = "alloc")]
use super::value::{Tag, Tagged};
use crate::leaf::Leaf;
use crate::reader::Cursor;
use crate::{Decimal, LoadOptions, Opcode, StrConfig, Token};
use access::{Items, Pairs, Parts, Variant};
pub(super) use miss::Miss;

/// Reads a value without version byte from the start of `bytes`.
pub(super) fn read<'de, T: Deserialize<'de>>(
    options: &LoadOptions,
    bytes: &'de [u8],
) -> Result<T, Miss> {
    let limits = options.bounds();
    if bytes.len() > limits.bytes() {
        return Err(Miss);
    }
    let mut direct = Direct {
        cursor: Cursor::new(bytes),
        strings: options.string_config(),
        items_left: limits.items(),
        levels_left: limits.depth(),
        key_at: usize::MAX,
        missed: false,
    };
    let value = T::deserialize(&mut direct)?;
    direct.expect(Opcode::Stop)?;
    if direct.missed { Err(Miss) } else { Ok(value) }
}

/// A place in the bytes where a value starts.
pub(super) struct Direct<'de> {
    cursor: Cursor<'de>,
    strings: StrConfig,
    items_left: usize,
    levels_left: u16,
    /// Where the last key starts.
    key_at: usize,
    /// A type may go on after an error, with a default for instance; but what
    /// follows is then read from the middle of something.
    missed: bool,
}

impl<'de> Direct<'de> {
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
    fn expect(&mut self, opcode: Opcode) -> Result<(), Miss> {
        match self.cursor.eat(opcode.byte()) {
            true => Ok(()),
            false => Err(Miss),
        }
    }

    /// One value more.
    #[inline(always)]
    fn count(&mut self) -> Result<(), Miss> {
        self.items_left = self.items_left.checked_sub(1).ok_or(Miss)?;
        Ok(())
    }

    /// The next token, which must be a value without parts.
    #[inline(always)]
    fn leaf(&mut self) -> Result<Token<'de>, Miss> {
        self.count()?;
        match Leaf::read(&mut self.cursor) {
            Ok(Some(leaf)) => Ok(leaf.token()),
            _ => Err(Miss),
        }
    }

    /// The operand of an opcode with a length or count, or of an `INT`.
    #[inline(always)]
    fn operand(&mut self, opcode: Opcode) -> Result<i32, Miss> {
        self.expect(opcode)?;
        match self.cursor.array() {
            Ok(bytes) => Ok(i32::from_be_bytes(bytes)),
            Err(_) => Err(Miss),
        }
    }

    /// The bytes behind an opcode that counts them.
    #[inline(always)]
    fn counted(&mut self, opcode: Opcode) -> Result<&'de [u8], Miss> {
        let len = usize::try_from(self.operand(opcode)?).map_err(|_| Miss)?;
        self.cursor.bytes(len).map_err(|_| Miss)
    }

    /// What a value was read as; that it was not is kept.
    #[inline(always)]
    fn noted<T>(&mut self, read: Result<T, Miss>) -> Result<T, Miss> {
        self.missed |= read.is_err();
        read
    }

    /// The end of an item or a pair.
    #[inline(always)]
    fn set_item(&mut self) -> Result<(), Miss> {
        let set = self.expect(Opcode::SetItem);
        self.noted(set)
    }

    /// One container deeper: [`leave`](Self::leave) follows.
    #[inline(always)]
    fn enter(&mut self) -> Result<(), Miss> {
        self.count()?;
        self.levels_left = self.levels_left.checked_sub(1).ok_or(Miss)?;
        Ok(())
    }

    #[inline(always)]
    const fn leave(&mut self) {
        self.levels_left += 1;
    }

    /// A list, of which the visitor must take all.
    #[inline(always)]
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        self.enter()?;
        let len = u32::try_from(self.operand(Opcode::NewList)?).map_err(|_| Miss)?;
        let mut items = Items::new(self, len);
        let value = visitor.visit_seq(&mut items)?;
        items.end()?;
        self.leave();
        Ok(value)
    }

    /// A tuple of so many items, of which the visitor must take all.
    #[inline(always)]
    fn tuple<V: Visitor<'de>>(&mut self, len: usize, visitor: V) -> Result<V::Value, Miss> {
        self.enter()?;
        let mut parts = Parts::new(self, len);
        let value = visitor.visit_seq(&mut parts)?;
        parts.end()?;
        if usize::try_from(self.operand(Opcode::BuildTuple)?) != Ok(len) {
            return Err(Miss);
        }
        self.leave();
        Ok(value)
    }

    #[inline(always)]
    fn dict<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        self.enter()?;
        self.expect(Opcode::NewDict)?;
        let mut pairs = Pairs::new(self);
        let value = visitor.visit_map(&mut pairs)?;
        pairs.end()?;
        self.leave();
        Ok(value)
    }

    #[inline(always)]
    fn int<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        if !self.at(Opcode::Int) {
            return self.long_int(visitor);
        }
        self.count()?;
        visit_int(i64::from(self.operand(Opcode::Int)?), visitor)
    }

    fn long_int<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        match self.leaf()? {
            Token::Long(value) => visit_int(i64::from(value), visitor),
            Token::LongInt(digits) | Token::LongLong(digits) => {
                visit_decimal(Decimal::parse(digits).ok_or(Miss)?, visitor)
            }
            _ => Err(Miss),
        }
    }

    #[inline(always)]
    fn float<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        if !self.at(Opcode::Float) {
            return self.any(visitor);
        }
        self.count()?;
        self.expect(Opcode::Float)?;
        match self.cursor.array() {
            Ok(bytes) => visitor.visit_f64(f64::from_be_bytes(bytes)),
            Err(_) => Err(Miss),
        }
    }

    #[inline(always)]
    fn text<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        if self.strings.py3str_as_py2str || !self.at(Opcode::Py3String) {
            // Visitors of text would take bytes that happen to be UTF-8.
            return match self.peek() {
                Some(Opcode::Unicode) => self.scalar(visitor),
                _ => Err(Miss),
            };
        }
        self.count()?;
        visitor.visit_borrowed_str(utf8(self.counted(Opcode::Py3String)?)?)
    }

    #[inline(always)]
    fn option<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
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
    ) -> Result<V::Value, Miss> {
        match (name, self.peek()) {
            (special::CHANNEL, _) => {
                self.count()?;
                let id = self.operand(Opcode::Channel)?;
                let marked = Marked::new(special::CHANNEL_KEY, id);
                visitor.visit_newtype_struct(marked).map_err(|_| Miss)
            }
            (special::INT, Some(Opcode::Int)) => self.int(visitor),
            #[cfg(feature = "alloc")]
            (special::VALUE, Some(Opcode::NewDict)) => visitor.visit_enum(Tagged {
                tag: Tag::Dict,
                node: self,
            }),
            (special::INT, _) => Err(Miss),
            (special::VALUE, _) => self.any(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn bytes<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        match self.peek() {
            // Visitors of bytes would take text.
            Some(Opcode::Bytes) => self.scalar(visitor),
            _ => Err(Miss),
        }
    }

    fn variant<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
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
    fn any<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        match self.peek() {
            Some(Opcode::NewList) => self.list(visitor),
            Some(Opcode::NewDict) => self.dict(visitor),
            _ => self.scalar(visitor),
        }
    }

    /// Any value, but for a number as key: that is left to the document.
    #[inline(always)]
    fn anything<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        if self.key_at == self.cursor.offset() && !self.at(Opcode::Py3String) {
            return Err(Miss);
        }
        self.any(visitor)
    }

    fn scalar<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Miss> {
        match self.leaf()? {
            Token::None => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Int(value) | Token::Long(value) => visit_int(i64::from(value), visitor),
            // Larger ones have no method that all visitors have.
            Token::LongInt(digits) | Token::LongLong(digits) => {
                let value = Decimal::parse(digits).and_then(Decimal::to_i64);
                visit_int(value.ok_or(Miss)?, visitor)
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
            Token::Py2String(bytes) if !bytes.is_ascii() => Err(Miss),
            Token::Py2String(text) | Token::Py3String(text) | Token::Unicode(text) => {
                visitor.visit_borrowed_str(utf8(text)?)
            }
            _ => Err(Miss),
        }
    }

    /// Steps over a value, which is checked all the same.
    fn skip(&mut self) -> Result<(), Miss> {
        match self.peek() {
            Some(Opcode::NewList) => self.list(serde_core::de::IgnoredAny),
            Some(Opcode::NewDict) => self.dict(serde_core::de::IgnoredAny),
            _ => self.scalar(serde_core::de::IgnoredAny),
        }
        .map(drop)
    }
}

#[inline(always)]
fn utf8(text: &[u8]) -> Result<&str, Miss> {
    core::str::from_utf8(text).map_err(|_| Miss)
}

/// What serde asks for, by the method that reads it.
macro_rules! reads {
    ($($method:ident($($given:ty),*) => |$direct:ident, $visitor:ident| $read:expr;)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self $(, _: $given)*, $visitor: V) -> Result<V::Value, Miss> {
            let $direct = self;
            let read = $read;
            $direct.noted(read)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Direct<'de> {
    type Error = Miss;

    reads! {
        deserialize_any() => |direct, visitor| direct.anything(visitor);
        deserialize_bool() => |direct, visitor| direct.scalar(visitor);
        deserialize_i8() => |direct, visitor| direct.int(visitor);
        deserialize_i16() => |direct, visitor| direct.int(visitor);
        deserialize_i32() => |direct, visitor| direct.int(visitor);
        deserialize_i64() => |direct, visitor| direct.int(visitor);
        deserialize_i128() => |direct, visitor| direct.int(visitor);
        deserialize_u8() => |direct, visitor| direct.int(visitor);
        deserialize_u16() => |direct, visitor| direct.int(visitor);
        deserialize_u32() => |direct, visitor| direct.int(visitor);
        deserialize_u64() => |direct, visitor| direct.int(visitor);
        deserialize_u128() => |direct, visitor| direct.int(visitor);
        deserialize_f32() => |direct, visitor| direct.float(visitor);
        deserialize_f64() => |direct, visitor| direct.float(visitor);
        deserialize_char() => |direct, visitor| direct.text(visitor);
        deserialize_str() => |direct, visitor| direct.text(visitor);
        deserialize_string() => |direct, visitor| direct.text(visitor);
        deserialize_identifier() => |direct, visitor| direct.text(visitor);
        deserialize_bytes() => |direct, visitor| direct.bytes(visitor);
        deserialize_byte_buf() => |direct, visitor| direct.bytes(visitor);
        deserialize_option() => |direct, visitor| direct.option(visitor);
        deserialize_unit() => |direct, visitor| direct.scalar(visitor);
        deserialize_unit_struct(&'static str) => |direct, visitor| direct.scalar(visitor);
        deserialize_seq() => |direct, visitor| direct.list(visitor);
        deserialize_map() => |direct, visitor| direct.dict(visitor);
        deserialize_struct(&'static str, &'static [&'static str]) =>
            |direct, visitor| direct.dict(visitor);
        deserialize_enum(&'static str, &'static [&'static str]) =>
            |direct, visitor| direct.variant(visitor);
        deserialize_ignored_any() =>
            |direct, visitor| direct.skip().and_then(|()| visitor.visit_unit());
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Miss> {
        let read = match special::is_special(name) {
            true => self.special(name, visitor),
            false => visitor.visit_newtype_struct(&mut *self),
        };
        self.noted(read)
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Miss> {
        let read = self.tuple(len, visitor);
        self.noted(read)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Miss> {
        self.deserialize_tuple(len, visitor)
    }

    fn is_human_readable(&self) -> bool {
        HUMAN_READABLE
    }
}

#[cfg(test)]
mod tests;
