//! What serde asks for, by the method that reads it.

use serde_core::Deserializer;
use serde_core::de::Visitor;

use super::{NeedsDocument, OnePass};
use crate::typed::{HUMAN_READABLE, special};

/// Methods that note whether the value was read.
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
