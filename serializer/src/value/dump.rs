//! Writing a value as opcodes.

use embedded_io::Write;

use super::{Dict, Int, Set, Value};
use crate::error::{DumpError, Refusal};
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
                elements(items, encoder)?;
                encoder.tuple(items.len())
            }
            Self::Dict(value) => value.dump(encoder),
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

    fn is_hashable(&self) -> bool {
        Self::is_hashable(self)
    }
}

fn elements<'a, W: Write>(
    items: impl IntoIterator<Item = &'a Value>,
    encoder: &mut Encoder<W>,
) -> Result<(), EncodeError<W::Error>> {
    encoder.nested(|encoder| items.into_iter().try_for_each(|item| item.dump(encoder)))
}

fn keys<W: Write>(items: &Set, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
    check_hashable(items)?;
    elements(items, encoder)
}

/// Checked here because a peer raises on an unhashable key, and Python's
/// execnet then ends its gateway.
fn check_hashable<'a>(keys: impl IntoIterator<Item = &'a Value>) -> Result<(), DumpError> {
    if keys.into_iter().all(Value::is_hashable) {
        Ok(())
    } else {
        Err(DumpError::new(Refusal::Unhashable))
    }
}

impl Dump for Int {
    #[inline]
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match (self.to_i64(), self.big_digits()) {
            (Some(small), _) => encoder.int(small),
            (None, digits) => encoder.long_int(digits.unwrap_or("0")),
        }
    }

    fn is_hashable(&self) -> bool {
        true
    }
}

impl Dump for Dict {
    fn dump<W: Write>(&self, encoder: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        check_hashable(self.iter().map(|(key, _)| key))?;
        encoder.dict()?;
        encoder.nested(|encoder| {
            for (key, value) in self.iter() {
                match key {
                    // Most keys: without a call.
                    Value::Str(text) => encoder.str(text)?,
                    _ => key.dump(encoder)?,
                }
                value.dump(encoder)?;
                encoder.set_item()?;
            }
            Ok(())
        })
    }
}
