//! Passes integers to visitors, by the method that most of them have.

use serde_core::de::{Error, Visitor};

use crate::Decimal;

/// Non-negative integers are passed as unsigned, as other formats do.
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

/// Passes an integer to a type that requests one, by the narrowest method.
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

/// Passes an integer to a type that requests a float: the nearest float.
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
