//! The deserializer: maps each request of serde to the method that reads it.

use serde_core::Deserializer;
use serde_core::de::Visitor;

use super::{NeedsDocument, OnePass};
use crate::typed::{HUMAN_READABLE, special};

/// Requests that one method answers. Each keeps in the reader whether the value
/// was read, because a type may ignore the error that it gets.
macro_rules! answered {
    ($($answer:ident: $($request:ident($($given:ty),*))+;)*) => {$($(
        #[inline]
        fn $request<V: Visitor<'de>>(self $(, _: $given)*, visitor: V) -> Result<V::Value, NeedsDocument> {
            let read = self.$answer(visitor);
            self.noted(read)
        }
    )+)*};
}

impl<'de> Deserializer<'de> for &mut OnePass<'de> {
    type Error = NeedsDocument;

    answered! {
        anything: deserialize_any();
        scalar: deserialize_bool() deserialize_unit() deserialize_unit_struct(&'static str);
        int: deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
            deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32()
            deserialize_u64() deserialize_u128();
        float: deserialize_f32() deserialize_f64();
        text: deserialize_char() deserialize_str() deserialize_string() deserialize_identifier();
        bytes: deserialize_bytes() deserialize_byte_buf();
        option: deserialize_option();
        list: deserialize_seq();
        dict: deserialize_map() deserialize_struct(&'static str, &'static [&'static str]);
        variant: deserialize_enum(&'static str, &'static [&'static str]);
        skip: deserialize_ignored_any();
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
