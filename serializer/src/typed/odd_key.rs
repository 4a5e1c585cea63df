//! Dict keys that are not text, and so are the name of no field.

use serde_core::de::{Deserializer, Visitor};

use super::Error;
use crate::{Node, NodeKind};

/// Passed to the visitor of field names for a key that is not text. No name
/// equals these bytes, which are not UTF-8.
const NO_TEXT: &[u8] = b"a key that is no text\xff";

/// [`NO_TEXT`] as it comes back in the error of a type that denies unknown fields.
pub(super) const NO_TEXT_LOSSY: &str = "a key that is no text\u{fffd}";

/// A key of any type. One that is not text names no field.
pub(super) struct OddKey<'d, 'de> {
    pub(super) node: Node<'d, 'de>,
    /// Whether the other keys are the names of a struct's fields.
    pub(super) named: bool,
}

/// Methods that read the key as any other value.
macro_rules! as_value {
    ($($method:ident($($arg:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self $(, $arg: $type)*, visitor: V) -> Result<V::Value, Error> {
            self.node.$method($($arg,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for OddKey<'_, 'de> {
    type Error = Error;

    /// An integer by the one method that derived visitors of field names have
    /// only where serde keeps the fields it does not know.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind() {
            NodeKind::Int(value) => visitor.visit_i64(value),
            _ => self.node.deserialize_any(visitor),
        }
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.node.kind() {
            NodeKind::Latin1(_) => self.node.deserialize_str(visitor),
            _ if self.named => visitor.visit_bytes(NO_TEXT),
            _ => self.deserialize_any(visitor),
        }
    }

    fn is_human_readable(&self) -> bool {
        self.node.is_human_readable()
    }

    as_value! {
        deserialize_bool() deserialize_char() deserialize_str() deserialize_string()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_bytes() deserialize_byte_buf()
        deserialize_option() deserialize_unit() deserialize_seq() deserialize_map()
        deserialize_ignored_any()
        deserialize_unit_struct(name: &'static str)
        deserialize_newtype_struct(name: &'static str)
        deserialize_tuple(len: usize)
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }
}
