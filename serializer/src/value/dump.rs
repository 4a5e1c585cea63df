//! [`Dump`] for [`Value`] and its parts: writes them as opcodes.

use embedded_io::Write;

use super::{Dict, Int, Value};
use crate::dump::{key, keys};
use crate::{Dump, EncodeError, Encoder};

impl Dump for Value {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::None => encoder.none(),
            Self::Bool(value) => encoder.bool(*value),
            Self::Int(value) => value.dump(encoder),
            Self::Float(value) => encoder.float(*value),
            Self::Complex(value) => encoder.complex(*value),
            Self::Bytes(value) => encoder.bytes(value),
            Self::Str(value) => encoder.str(value),
            Self::List(items) => items.dump(encoder),
            Self::Tuple(items) => {
                encoder.nested(|encoder| items.iter().try_for_each(|item| item.dump(encoder)))?;
                encoder.tuple(items.len())
            }
            Self::Dict(pairs) => pairs.dump(encoder),
            Self::Set(items) => {
                keys(items, encoder)?;
                encoder.set(items.len())
            }
            Self::FrozenSet(items) => {
                keys(items, encoder)?;
                encoder.frozenset(items.len())
            }
            Self::Channel(id) => encoder.channel(*id),
        }
    }

    #[inline]
    fn is_hashable(&self) -> bool {
        Self::is_hashable(self)
    }
}

dump_scalars! {
    Int => |encoder, value| match (value.to_i64(), value.big_digits()) {
        (Some(small), _) => encoder.int(small),
        (None, digits) => encoder.long_int(digits.unwrap_or("0")),
    };
}

impl Dump for Dict {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        encoder.dict()?;
        encoder.nested(|encoder| {
            for (name, value) in self {
                match name {
                    // Most keys: without a call.
                    Value::Str(text) => encoder.str(text)?,
                    _ => key(name, encoder)?,
                }
                value.dump(encoder)?;
                encoder.set_item()?;
            }
            Ok(())
        })
    }
}
