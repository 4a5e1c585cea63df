//! Integers, as every visitor takes them.

use serde_core::de::{Error, Visitor};

use crate::Decimal;

/// Not negative as unsigned, as visitors of other formats expect it.
#[inline]
pub(super) fn visit_int<'de, V: Visitor<'de>, E: Error>(
    value: i64,
    visitor: V,
) -> Result<V::Value, E> {
    match u64::try_from(value) {
        Ok(value) => visitor.visit_u64(value),
        Err(_) => visitor.visit_i64(value),
    }
}

/// An integer, for a type that asks for one: by the narrowest method that
/// takes it.
#[cold]
pub(super) fn visit_decimal<'de, V: Visitor<'de>, E: Error>(
    value: Decimal<'_>,
    visitor: V,
) -> Result<V::Value, E> {
    if let Some(value) = value.to_i64() {
        return visit_int(value, visitor);
    }
    match (value.to_i128(), value.to_u128()) {
        (Some(value), _) => match u64::try_from(value) {
            Ok(value) => visitor.visit_u64(value),
            Err(_) => visitor.visit_i128(value),
        },
        (None, Some(value)) => visitor.visit_u128(value),
        (None, None) => Err(E::custom(
            "an integer of more than 128 bits: only Int, Value and BigInt take it",
        )),
    }
}

/// An integer, for a type that asks for a float: the nearest one.
#[cold]
pub(super) fn visit_as_float<'de, V: Visitor<'de>, E: Error>(
    value: Decimal<'_>,
    visitor: V,
) -> Result<V::Value, E> {
    match value.to_f64() {
        Some(value) => visitor.visit_f64(value),
        None => Err(E::custom("an integer beyond what a float can say")),
    }
}
