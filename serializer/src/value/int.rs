//! [`Int`]: an integer of any size, without arithmetic.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::cmp::Ordering;
use core::fmt::{self, Write as _};
use core::str::FromStr;

use crate::decimal::Decimal;

/// An integer of any size.
///
/// Integers of 64 bits are stored as such, larger ones as decimal digits, which
/// is their form in the format. The type has no arithmetic. Convert to a Rust
/// integer, or with the feature `num-bigint` to a `BigInt`.
///
/// ```
/// use execnet_serializer::Int;
/// let big: Int = "340282366920938463463374607431768211456".parse()?;
/// assert_eq!(u128::try_from(&big).ok(), None);
/// assert_eq!(i64::try_from(&Int::from(7_u8)), Ok(7));
/// # Ok::<(), execnet_serializer::ParseIntError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Int(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Small(i64),
    /// Canonical digits of an integer outside `i64`: `-` only if negative,
    /// no leading zero. So equal integers are equal in memory.
    Big(Box<str>),
}

impl Int {
    /// The integer as 64 bits, if it fits.
    #[inline]
    #[must_use]
    pub const fn to_i64(&self) -> Option<i64> {
        match self.0 {
            Repr::Small(value) => Some(value),
            Repr::Big(_) => None,
        }
    }

    /// The nearest float, if the integer is not beyond the largest one.
    #[must_use]
    pub fn to_f64(&self) -> Option<f64> {
        match &self.0 {
            Repr::Small(value) => Some(*value as f64),
            Repr::Big(digits) => digits.parse().ok().filter(|value: &f64| value.is_finite()),
        }
    }

    /// The integer; `None` if there is no memory for its digits.
    pub(super) fn try_from_decimal(decimal: Decimal<'_>) -> Option<Self> {
        if let Some(small) = decimal.to_i64() {
            return Some(Self(Repr::Small(small)));
        }
        let mut digits = String::new();
        // Exactly, so that the box takes this block.
        digits.try_reserve_exact(decimal.printed_len()).ok()?;
        write!(digits, "{decimal}").ok()?;
        debug_assert_eq!(digits.len(), decimal.printed_len());
        Some(Self(Repr::Big(digits.into_boxed_str())))
    }

    /// The digits of an integer that does not fit 64 bits.
    pub(crate) const fn big_digits(&self) -> Option<&str> {
        match &self.0 {
            Repr::Small(_) => None,
            Repr::Big(digits) => Some(digits),
        }
    }
}

impl From<Decimal<'_>> for Int {
    fn from(decimal: Decimal<'_>) -> Self {
        match decimal.to_i64() {
            Some(small) => Self(Repr::Small(small)),
            None => Self(Repr::Big(decimal.to_string().into_boxed_str())),
        }
    }
}

/// Conversions from the integers of Rust and to them.
macro_rules! integers {
    ($($type:ty)*) => {$(
        impl From<$type> for Int {
            #[inline]
            fn from(value: $type) -> Self {
                match i64::try_from(value) {
                    Ok(small) => Self(Repr::Small(small)),
                    Err(_) => Self(Repr::Big(value.to_string().into_boxed_str())),
                }
            }
        }

        impl TryFrom<&Int> for $type {
            type Error = TryFromIntError;

            fn try_from(int: &Int) -> Result<Self, TryFromIntError> {
                match &int.0 {
                    Repr::Small(value) => Self::try_from(*value).map_err(|_| TryFromIntError),
                    Repr::Big(digits) => digits.parse().map_err(|_| TryFromIntError),
                }
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

impl From<bool> for Int {
    fn from(value: bool) -> Self {
        Self(Repr::Small(i64::from(value)))
    }
}

/// An [`Int`] is outside the range of the requested type.
///
/// The counterpart of [`core::num::TryFromIntError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryFromIntError;

impl fmt::Display for TryFromIntError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("integer out of range of the requested type")
    }
}

impl core::error::Error for TryFromIntError {}

impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Small(value) => value.fmt(f),
            Repr::Big(digits) => f.write_str(digits),
        }
    }
}

impl fmt::Debug for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not a decimal integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseIntError;

impl fmt::Display for ParseIntError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a decimal integer")
    }
}

impl core::error::Error for ParseIntError {}

impl FromStr for Int {
    type Err = ParseIntError;

    /// Parses the same text as Python's `int()`.
    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        Decimal::parse(text.as_bytes())
            .map(Self::from)
            .ok_or(ParseIntError)
    }
}

impl Ord for Int {
    /// By value.
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Small(a), Repr::Small(b)) => a.cmp(b),
            (Repr::Big(a), Repr::Small(_)) => sign(a),
            (Repr::Small(_), Repr::Big(b)) => sign(b).reverse(),
            (Repr::Big(a), Repr::Big(b)) => compare_digits(a, b),
        }
    }
}

/// Compares an integer beyond 64 bits with those within.
fn sign(digits: &str) -> Ordering {
    if digits.starts_with('-') {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

/// Canonical digits of one sign compare by length, then by text.
fn compare_digits(a: &str, b: &str) -> Ordering {
    sign(a).cmp(&sign(b)).then_with(|| {
        let magnitude = a.len().cmp(&b.len()).then_with(|| a.cmp(b));
        if a.starts_with('-') {
            magnitude.reverse()
        } else {
            magnitude
        }
    })
}
