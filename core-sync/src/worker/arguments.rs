//! Keyword arguments, deserialized as the argument of a function.

use alloc::format;
use alloc::string::ToString as _;

use execnet_serializer::typed::Error;
use execnet_serializer::{DumpOptions, Limits, LoadOptions, Node, NodeKind};
use serde_core::de::{DeserializeOwned, Deserializer, Error as _, Visitor};

use super::Kwargs;
use super::function::{CallError, Function, IntoCallResult};

/// Marks functions with a typed argument.
#[doc(hidden)]
#[derive(Debug)]
pub struct TypedArgs<T>(core::marker::PhantomData<T>);

impl<C, F, R, T> Function<C, TypedArgs<T>> for F
where
    F: Fn(&C, T) -> R + Send + Sync + 'static,
    R: IntoCallResult,
    T: DeserializeOwned,
{
    fn call(&self, channel: &C, kwargs: Kwargs) -> Result<(), CallError> {
        let argument = decode(kwargs).map_err(|error| CallError::Arguments(error.to_string()))?;
        self(channel, argument)
            .into_call_result()
            .map_err(CallError::Returned)
    }
}

fn decode<T: DeserializeOwned>(kwargs: Kwargs) -> Result<T, Error> {
    // Encoded again, and decoded with the limits of typed values: the dict was decoded within wider ones.
    let bytes = DumpOptions::wire()
        .dumps(&kwargs.into_dict())
        .map_err(Error::custom)?;
    let limits = Limits::default().with_depth(Limits::TYPED_DEPTH);
    let options = LoadOptions::wire().with_limits(limits);
    let document = options.document_buf(&bytes)?;
    T::deserialize(Arguments(document.root()))
}

/// Deserializes structs and maps from the dict of all arguments, and other types from the value of a single argument.
#[derive(Clone, Copy)]
struct Arguments<'d, 'de>(Node<'d, 'de>);

impl<'d, 'de> Arguments<'d, 'de> {
    fn count(&self) -> usize {
        match self.0.kind() {
            NodeKind::Dict(pairs) => pairs.len(),
            _ => 0,
        }
    }

    fn single(self) -> Result<Node<'d, 'de>, Error> {
        let count = self.count();
        let value = match self.0.kind() {
            NodeKind::Dict(mut pairs) if count == 1 => pairs.next().map(|(_, value)| value),
            _ => None,
        };
        value.ok_or_else(|| Error::custom(format!("it takes one argument, and got {count}")))
    }
}

macro_rules! by_name {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Error> {
            self.0.$method($($name,)* visitor)
        }
    )*};
}

macro_rules! single {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Error> {
            self.single()?.$method($($name,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Arguments<'_, 'de> {
    type Error = Error;

    by_name! {
        deserialize_any() deserialize_ignored_any() deserialize_map()
        deserialize_struct(name: &'static str, fields: &'static [&'static str])
    }

    single! {
        deserialize_bool()
        deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64() deserialize_i128()
        deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char()
        deserialize_str() deserialize_string() deserialize_bytes() deserialize_byte_buf()
        deserialize_seq() deserialize_tuple(len: usize) deserialize_identifier()
        deserialize_tuple_struct(name: &'static str, len: usize)
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_unit_struct(name: &'static str)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.count() {
            0 => visitor.visit_unit(),
            count => Err(Error::custom(format!(
                "it takes no arguments, and got {count}"
            ))),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.count() {
            0 => visitor.visit_none(),
            1 if matches!(self.single(), Ok(node) if matches!(node.kind(), NodeKind::None)) => {
                visitor.visit_none()
            }
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }
}
