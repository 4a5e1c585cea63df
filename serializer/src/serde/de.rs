//! The parts of a document into Rust types.

use serde_core::Deserializer;
use serde_core::de::{self, Error as _, Unexpected, Visitor};
use serde_core::forward_to_deserialize_any;

use super::access::{Bits, Elements, Fields, Octets, Variant};
use super::error::Error;
use super::number::{visit_decimal, visit_int};
use super::special;
use crate::{Node, NodeKind};

impl<'de> Node<'_, 'de> {
    /// Reads this value as a Rust type. Text and bytes can be borrowed from the
    /// input, so that no allocator is needed where the type needs none.
    ///
    /// ```
    /// use execnet_serializer::Document;
    /// let bytes = b"F\0\0\0\x07N\0\0\0\x05hello@\0\0\0\x02Q"; // (7, "hello")
    /// let document = Document::<3>::loads_internal(bytes)?;
    /// let (number, text): (u8, &str) = document.root().deserialize()?;
    /// assert_eq!((number, text), (7, "hello"));
    /// # Ok::<(), execnet_serializer::serde::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the value is not of this type.
    pub fn deserialize<T: de::Deserialize<'de>>(self) -> Result<T, Error> {
        T::deserialize(self)
    }

    /// What this is to messages of errors.
    fn unexpected(self) -> Unexpected<'de> {
        match self.kind() {
            NodeKind::None => Unexpected::Unit,
            NodeKind::Bool(value) => Unexpected::Bool(value),
            NodeKind::Int(value) => Unexpected::Signed(value),
            NodeKind::Float(value) => Unexpected::Float(value),
            NodeKind::Bytes(bytes) => Unexpected::Bytes(bytes),
            NodeKind::Str(text) => Unexpected::Str(text),
            _ => Unexpected::Other(self.type_name()),
        }
    }

    #[cold]
    fn refuse(self, expected: &dyn de::Expected) -> Error {
        Error::invalid_type(self.unexpected(), expected)
    }
}

#[cfg(feature = "alloc")]
fn visit_latin_1<'de, V: Visitor<'de>>(bytes: &[u8], visitor: V) -> Result<V::Value, Error> {
    visitor.visit_string(bytes.iter().copied().map(char::from).collect())
}

/// Where there is no heap, on the stack.
#[cfg(not(feature = "alloc"))]
fn visit_latin_1<'de, V: Visitor<'de>>(bytes: &[u8], visitor: V) -> Result<V::Value, Error> {
    const ROOM: usize = 128;
    let mut text = heapless::String::<ROOM>::new();
    let full = |_| Error::message("Python 2 text of more than 128 bytes in UTF-8");
    for &byte in bytes {
        text.push(char::from(byte)).map_err(full)?;
    }
    visitor.visit_str(&text)
}

/// Types that are read from one kind of node as they are, and else as `any`.
macro_rules! numbers {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.as_small() {
                Some(value) => visit_int(i64::from(value), visitor),
                None => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Node<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            NodeKind::None => visitor.visit_unit(),
            NodeKind::Bool(value) => visitor.visit_bool(value),
            NodeKind::Int(value) => visit_int(value, visitor),
            NodeKind::BigInt(value) => visit_decimal(value, visitor),
            NodeKind::Float(value) => visitor.visit_f64(value),
            NodeKind::Complex(value) => visitor.visit_seq(Bits::new(value)),
            NodeKind::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            NodeKind::Str(text) => visitor.visit_borrowed_str(text),
            NodeKind::Latin1(bytes) => visit_latin_1(bytes, visitor),
            NodeKind::List(items)
            | NodeKind::Tuple(items)
            | NodeKind::Set(items)
            | NodeKind::FrozenSet(items) => Elements::visit(items, visitor),
            NodeKind::Dict(pairs) => Fields::visit(pairs, false, visitor),
            NodeKind::Channel(_) => Err(self.refuse(&visitor)),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    #[inline]
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.as_f64() {
            Some(value) => visitor.visit_f64(value),
            None => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.as_str() {
            Some(text) => visitor.visit_borrowed_str(text),
            // Visitors of text would take bytes that happen to be UTF-8.
            None if self.as_bytes().is_some() => Err(self.refuse(&visitor)),
            None => self.deserialize_any(visitor),
        }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_none() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match (name, self.kind()) {
            (special::CHANNEL, NodeKind::Channel(id)) => {
                visitor.visit_newtype_struct(de::IntoDeserializer::into_deserializer(id.0))
            }
            (special::CHANNEL, _) => Err(self.refuse(&visitor)),
            #[cfg(feature = "alloc")]
            (special::INT, NodeKind::BigInt(value)) => {
                visitor.visit_string(alloc::string::ToString::to_string(&value))
            }
            #[cfg(feature = "alloc")]
            (special::INT, NodeKind::Int(value)) => visit_int(value, visitor),
            #[cfg(feature = "alloc")]
            (special::INT, _) => Err(self.refuse(&visitor)),
            #[cfg(feature = "alloc")]
            (special::VALUE, _) => super::value::visit(self, visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            NodeKind::List(items) => Elements::visit(items, visitor),
            NodeKind::Bytes(bytes) => visitor.visit_seq(Octets::new(bytes)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.kind() {
            NodeKind::Dict(pairs) => Fields::visit(pairs, true, visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match (self.kind(), self.pairs().next()) {
            (NodeKind::Str(name), _) => {
                visitor.visit_enum(de::IntoDeserializer::into_deserializer(name))
            }
            (NodeKind::Dict(pairs), Some((name, content))) if pairs.len() == 1 => {
                visitor.visit_enum(Variant::new(name, content))
            }
            (NodeKind::Dict(pairs), _) => Err(Error::invalid_length(
                pairs.len(),
                &"a dict of one pair, an enum's variant",
            )),
            _ => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        // Checked already, as everything in a document.
        visitor.visit_unit()
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    forward_to_deserialize_any! { bool char bytes byte_buf unit map }
}
