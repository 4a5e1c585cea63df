//! Reads one value of the kind that a type asks for.

use serde_core::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde_core::de::{Deserialize, IgnoredAny, Visitor};

use super::access::{Items, Pairs, Parts};
use super::{NeedsDocument, OnePass};
use crate::typed::number::{visit_decimal, visit_int};
use crate::typed::special::{self, visit_marked};
use crate::typed::value::{Tag, visit_tagged};
use crate::{Decimal, Opcode, Token};

impl<'de> OnePass<'de> {
    /// A list, all of which the visitor must consume.
    #[inline(always)]
    pub(super) fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        self.enter()?;
        let len = u32::try_from(self.operand(Opcode::NewList)?).map_err(|_| NeedsDocument)?;
        let mut items = Items {
            pass: self,
            next: 0,
            len,
        };
        let value = visitor.visit_seq(&mut items)?;
        all_read(items.next == len)?;
        self.leave();
        Ok(value)
    }

    /// A tuple of `len` items, all of which the visitor must consume.
    #[inline(always)]
    pub(super) fn tuple<V: Visitor<'de>>(
        &mut self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        self.enter()?;
        let mut parts = Parts {
            pass: self,
            left: len,
        };
        let value = visitor.visit_seq(&mut parts)?;
        all_read(parts.left == 0)?;
        // Only here do the bytes tell that these values are a tuple. If they are not,
        // what was read of them is dropped.
        if usize::try_from(self.operand(Opcode::BuildTuple)?) != Ok(len) {
            return Err(NeedsDocument);
        }
        self.leave();
        Ok(value)
    }

    #[inline(always)]
    pub(super) fn dict<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        self.enter()?;
        self.expect(Opcode::NewDict)?;
        let mut pairs = Pairs {
            pass: self,
            ended: false,
        };
        let value = visitor.visit_map(&mut pairs)?;
        all_read(pairs.ended)?;
        self.leave();
        Ok(value)
    }

    #[inline(always)]
    pub(super) fn int<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        // By far the most integers: without the general form of a scalar.
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
    pub(super) fn float<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
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
    pub(super) fn text<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        if self.strings.py3str_as_py2str || !self.at(Opcode::Py3String) {
            // Visitors of text would take bytes that happen to be UTF-8.
            return match self.peek() {
                Some(Opcode::Unicode) => self.scalar(visitor),
                _ => Err(NeedsDocument),
            };
        }
        self.count()?;
        let text = self.cursor.take_counted_operand().ok_or(NeedsDocument)?;
        visitor.visit_borrowed_str(utf8(text)?)
    }

    #[inline(always)]
    pub(super) fn option<V: Visitor<'de>>(
        &mut self,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        // Not counted here: what is in the option is the value, and counts itself.
        if !self.at(Opcode::None) {
            return visitor.visit_some(self);
        }
        self.count()?;
        self.expect(Opcode::None)?;
        visitor.visit_none()
    }

    /// The types that travel as newtypes of special names.
    pub(super) fn special<V: Visitor<'de>>(
        &mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        match (name, self.peek()) {
            (special::CHANNEL, _) => {
                self.count()?;
                let id = self.operand(Opcode::Channel)?;
                visit_marked(special::CHANNEL_KEY, id, visitor)
            }
            (special::INT, Some(Opcode::Int)) => self.int(visitor),
            (special::VALUE, Some(Opcode::NewDict)) => visit_tagged(Tag::Dict, self, visitor),
            (special::INT, _) => Err(NeedsDocument),
            (special::VALUE, _) => self.any(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    pub(super) fn bytes<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        match self.peek() {
            // Visitors of bytes would take text.
            Some(Opcode::Bytes) => self.scalar(visitor),
            _ => Err(NeedsDocument),
        }
    }

    pub(super) fn variant<V: Visitor<'de>>(
        &mut self,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        if !self.at(Opcode::NewDict) {
            let name = <&str>::deserialize(self)?;
            return visitor.visit_enum(BorrowedStrDeserializer::new(name));
        }
        self.enter()?;
        self.expect(Opcode::NewDict)?;
        // Serde reads the name as the key and the content as the value of one pair,
        // with its SETITEM. A second pair would follow where the next value is
        // expected, and is an error there.
        let mut pair = Pairs {
            pass: self,
            ended: false,
        };
        let value = visitor.visit_enum(MapAccessDeserializer::new(&mut pair))?;
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
    pub(super) fn anything<V: Visitor<'de>>(
        &mut self,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
        if self.key_at == self.cursor.offset() && !self.at(Opcode::Py3String) {
            return Err(NeedsDocument);
        }
        self.any(visitor)
    }

    pub(super) fn scalar<V: Visitor<'de>>(
        &mut self,
        visitor: V,
    ) -> Result<V::Value, NeedsDocument> {
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
    pub(super) fn skip<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, NeedsDocument> {
        self.any(IgnoredAny)?;
        visitor.visit_unit()
    }
}

/// Fails if the visitor has left parts of a container: the bytes that follow are
/// not yet the next value.
#[inline(always)]
const fn all_read(ended: bool) -> Result<(), NeedsDocument> {
    match ended {
        true => Ok(()),
        false => Err(NeedsDocument),
    }
}

#[inline(always)]
fn utf8(text: &[u8]) -> Result<&str, NeedsDocument> {
    core::str::from_utf8(text).map_err(|_| NeedsDocument)
}
