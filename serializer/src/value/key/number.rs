//! Numbers as keys: an int, a float, a bool and a complex number are one key if
//! they are equal, as `1 == 1.0 == True`.
//!
//! Equality must be exact and hashing must agree with it, so a number beyond 64
//! bits is brought to its binary magnitude: a float has at most 1024 bits before
//! the point, and an integer of more equals no float. Comparing an int with a
//! float by rounding either one would make keys equal that Python tells apart.

use core::hash::Hasher;

use super::seed::{Kind, hasher};
use crate::Value;

/// A number in the form that all numbers equal to it have.
#[derive(PartialEq)]
pub(super) enum Number<'a> {
    Whole(i64),
    /// Beyond 64 bits, and no larger than floats get.
    Large(bool, [u64; LIMBS]),
    /// The digits of an integer larger than that.
    Larger(&'a str),
    /// Not whole; a NaN equals nothing.
    Real(f64),
    Complex(f64, f64),
}

/// 1024 bits, as many as the largest float has.
const LIMBS: usize = 16;

/// The digits of the largest float.
const DIGITS: usize = 309;

impl<'a> Number<'a> {
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Bool(value) => Self::Whole(i64::from(*value)),
            Value::Int(value) => match value.big_digits() {
                Some(digits) => Self::digits(digits),
                None => Self::Whole(value.to_i64()?),
            },
            Value::Float(value) => Self::real(*value),
            Value::Complex(value) if value.im == 0.0 => Self::real(value.re),
            Value::Complex(value) => Self::Complex(value.re, value.im),
            _ => return None,
        })
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // Checked: whole, and in range.
    fn real(value: f64) -> Self {
        const BOUND: f64 = 9_223_372_036_854_775_808.0;
        // Not by `%`, which a processor without floats calculates with 4 KiB of code.
        if (-BOUND..BOUND).contains(&value) && (value as i64) as f64 == value {
            Self::Whole(value as i64)
        } else if value.is_finite() && value.abs() >= BOUND {
            Self::Large(value < 0.0, float_limbs(value))
        } else {
            Self::Real(value)
        }
    }

    fn digits(text: &'a str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text);
        match digit_limbs(digits.as_bytes()) {
            Some(limbs) => Self::Large(digits.len() < text.len(), limbs),
            None => Self::Larger(text),
        }
    }

    pub(super) fn hash(&self) -> Option<u64> {
        let mut hasher = hasher(Kind::Number);
        match self {
            Self::Whole(value) => hasher.write_i64(*value),
            Self::Large(negative, limbs) => {
                hasher.write_u8(u8::from(*negative));
                limbs.iter().for_each(|limb| hasher.write_u64(*limb));
            }
            Self::Larger(digits) => hasher.write(digits.as_bytes()),
            Self::Real(value) if value.is_nan() => return None,
            Self::Complex(re, im) if re.is_nan() || im.is_nan() => return None,
            Self::Real(value) => {
                hasher.write_u8(2);
                hasher.write_u64(value.to_bits());
            }
            Self::Complex(re, im) => {
                // Adding zero turns -0.0 into 0.0.
                hasher.write_u64((re + 0.0).to_bits());
                hasher.write_u64(im.to_bits());
            }
        }
        Some(hasher.finish())
    }
}

/// The magnitude of a float of more than 53 bits before the point.
fn float_limbs(value: f64) -> [u64; LIMBS] {
    const MANTISSA: u64 = (1 << 52) - 1;
    let bits = value.to_bits();
    let mantissa = bits & MANTISSA | (MANTISSA + 1);
    let shift = (bits >> 52 & 0x7ff).saturating_sub(1075);
    let wide = u128::from(mantissa) << (shift % 64);
    let mut limbs = [0; LIMBS];
    let place = usize::try_from(shift / 64).unwrap_or(LIMBS);
    // The lower half, then the upper; where there is no room for that, it is zero.
    for (limb, part) in limbs.iter_mut().skip(place).zip([wide, wide >> 64]) {
        *limb = part as u64;
    }
    limbs
}

/// The magnitude of an integer; `None` if it is larger than floats get.
fn digit_limbs(digits: &[u8]) -> Option<[u64; LIMBS]> {
    if digits.len() > DIGITS {
        return None;
    }
    let mut limbs = [0; LIMBS];
    // As many digits as 64 bits always hold.
    for digits in digits.chunks(19) {
        let (mut scale, mut carry) = (1_u64, 0_u64);
        for digit in digits {
            scale *= 10;
            carry = carry * 10 + u64::from(digit.wrapping_sub(b'0'));
        }
        for limb in &mut limbs {
            let wide = u128::from(*limb) * u128::from(scale) + u128::from(carry);
            *limb = wide as u64;
            carry = (wide >> 64) as u64;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(limbs)
}
