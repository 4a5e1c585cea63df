//! The deserializer of a document's values.

use serde_core::Deserializer;
use serde_core::de::value::SeqDeserializer;
use serde_core::de::{self, Error as _, Unexpected, Visitor};

use super::Error;
use super::HUMAN_READABLE;
use super::access::{Elements, Fields, Variant, visit_all};
use super::number::{visit_as_float, visit_decimal, visit_int};
use super::special::{self, visit_marked};
use crate::{Complex, Node, NodeKind};

impl<'de> Node<'_, 'de> {
    /// Reads this value as a Rust type. Text and bytes can be borrowed from the
    /// input, so that no allocator is needed unless the type needs one.
    ///
    /// ```
    /// use execnet_serializer::LoadOptions;
    /// let bytes = b"F\0\0\0\x07N\0\0\0\x05hello@\0\0\0\x02Q"; // (7, "hello")
    /// let document = LoadOptions::wire().document::<3>(bytes)?;
    /// let (number, text): (u8, &str) = document.root().deserialize()?;
    /// assert_eq!((number, text), (7, "hello"));
    /// # Ok::<(), execnet_serializer::typed::Error>(())
    /// ```
    ///
    /// It recurses once per level. To read untrusted input as a recursive type,
    /// load the document with a depth of at most
    /// [`Limits::TYPED_DEPTH`](crate::Limits::TYPED_DEPTH).
    ///
    /// # Errors
    /// When the value is not of this type.
    pub fn deserialize<T: de::Deserialize<'de>>(self) -> Result<T, Error> {
        T::deserialize(self)
    }

    /// The description of this value in error messages.
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

    /// Visits the value by its own type, whatever the Rust type asked for. The
    /// visitor accepts or refuses it.
    fn as_it_is<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            NodeKind::None => visitor.visit_unit(),
            NodeKind::Bool(value) => visitor.visit_bool(value),
            NodeKind::Int(value) => visit_int(value, visitor),
            NodeKind::BigInt(value) => visit_decimal(value, visitor),
            NodeKind::Float(value) => visitor.visit_f64(value),
            NodeKind::Complex(Complex { re, im }) => {
                visit_all(SeqDeserializer::new([re, im].into_iter()), visitor)
            }
            NodeKind::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            NodeKind::Str(text) => visitor.visit_borrowed_str(text),
            NodeKind::Latin1(bytes) => visit_latin_1(bytes, visitor),
            NodeKind::List(items)
            | NodeKind::Tuple(items)
            | NodeKind::Set(items)
            | NodeKind::FrozenSet(items) => visit_all(Elements { items, given: 0 }, visitor),
            NodeKind::Dict(pairs) => Fields::visit(pairs, false, visitor),
            NodeKind::Channel(_) => Err(self.refuse(&visitor)),
        }
    }

    #[inline]
    fn int<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.as_small() {
            Some(value) => visit_int(i64::from(value), visitor),
            None => self.as_it_is(visitor),
        }
    }

    #[inline]
    fn float<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            NodeKind::Float(value) => visitor.visit_f64(value),
            NodeKind::BigInt(value) => visit_as_float(value, visitor),
            _ => self.as_it_is(visitor),
        }
    }

    #[inline]
    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.as_str() {
            Some(text) => visitor.visit_borrowed_str(text),
            // Visitors of text would take bytes that happen to be UTF-8.
            None if self.as_bytes().is_some() => Err(self.refuse(&visitor)),
            None => self.as_it_is(visitor),
        }
    }

    #[inline]
    fn bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            NodeKind::Bytes(bytes) => visitor.visit_borrowed_bytes(bytes),
            // Visitors of bytes may take text.
            NodeKind::Str(_) | NodeKind::Latin1(_) => Err(self.refuse(&visitor)),
            _ => self.as_it_is(visitor),
        }
    }

    #[inline]
    fn sequence<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            NodeKind::List(items) => visit_all(Elements { items, given: 0 }, visitor),
            // For types of bytes that serde sees as a sequence, such as `Vec<u8>`.
            NodeKind::Bytes(bytes) => {
                visit_all(SeqDeserializer::new(bytes.iter().copied()), visitor)
            }
            _ => self.as_it_is(visitor),
        }
    }
}

#[cfg(feature = "alloc")]
fn visit_latin_1<'de, V: Visitor<'de>>(bytes: &[u8], visitor: V) -> Result<V::Value, Error> {
    visitor.visit_string(bytes.iter().copied().map(char::from).collect())
}

/// On the stack if there is no heap.
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

/// Requests that one method answers, for types that differ only in Rust.
macro_rules! answered {
    ($($answer:ident: $($request:ident($($given:ty),*))+;)*) => {$($(
        #[inline]
        fn $request<V: Visitor<'de>>(self $(, _: $given)*, visitor: V) -> Result<V::Value, Error> {
            self.$answer(visitor)
        }
    )+)*};
}

impl<'de> Deserializer<'de> for Node<'_, 'de> {
    type Error = Error;

    /// Types that accept anything, among them serde's own buffers, have no method
    /// for channels and large integers. They get these as a map, which all of them
    /// can keep.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            NodeKind::Channel(id) => visit_marked(special::CHANNEL_KEY, id.0, visitor),
            #[cfg(feature = "alloc")]
            NodeKind::BigInt(value) => {
                match value.to_u128().and_then(|value| value.try_into().ok()) {
                    Some(value) => visitor.visit_u64(value),
                    None => visit_marked(special::INT_KEY, alloc::format!("{value}"), visitor),
                }
            }
            _ => self.as_it_is(visitor),
        }
    }

    answered! {
        int: deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
            deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32()
            deserialize_u64() deserialize_u128();
        float: deserialize_f32() deserialize_f64();
        text: deserialize_str() deserialize_string();
        bytes: deserialize_bytes() deserialize_byte_buf();
        sequence: deserialize_seq() deserialize_tuple(usize)
            deserialize_tuple_struct(&'static str, usize);
        as_it_is: deserialize_bool() deserialize_char() deserialize_unit()
            deserialize_unit_struct(&'static str) deserialize_map();
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.kind() {
            NodeKind::Str(_) | NodeKind::Latin1(_) => self.text(visitor),
            // Visitors of identifiers would take a number for an index.
            _ => Err(self.refuse(&visitor)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_none() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        match (name, self.kind()) {
            (special::CHANNEL, NodeKind::Channel(_)) => self.deserialize_any(visitor),
            (special::CHANNEL, _) => Err(self.refuse(&visitor)),
            (special::INT, NodeKind::Int(_) | NodeKind::BigInt(_)) => self.deserialize_any(visitor),
            (special::INT, _) => Err(self.refuse(&visitor)),
            #[cfg(feature = "alloc")]
            (special::VALUE, _) => super::value::visit(self, visitor),
            _ => visitor.visit_newtype_struct(self),
        }
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
            _ => self.as_it_is(visitor),
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
                visitor.visit_enum(Variant { name, content })
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
        HUMAN_READABLE
    }
}
