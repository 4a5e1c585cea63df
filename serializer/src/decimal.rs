//! Integers as decimal text, as `LONGINT` and `LONGLONG` carry them.

use core::fmt;

/// An integer of any size, borrowed as its digits.
///
/// It accepts the same text as Python's `int()`: surrounding whitespace, a
/// sign, leading zeros and single underscores between digits. `Display` prints
/// it as Python does.
///
/// ```
/// use execnet_serializer::Decimal;
/// let big = Decimal::parse(b"-18_446_744_073_709_551_616").unwrap();
/// assert_eq!(big.to_i64(), None);
/// assert_eq!(big.to_i128(), Some(-(1 << 64)));
/// # #[cfg(feature = "alloc")]
/// assert_eq!(big.to_string(), "-18446744073709551616");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Decimal<'a> {
    pub(crate) negative: bool,
    /// Digits with single underscores between them.
    pub(crate) digits: &'a [u8],
}

/// The integer as a signed type, if it fits.
macro_rules! signed {
    ($decimal:expr, $type:ty) => {{
        let mut value: $type = 0;
        for digit in $decimal.each() {
            // Subtracts, because the smallest integer has no positive
            // counterpart.
            value = value.checked_mul(10)?.checked_sub(digit.into())?;
        }
        if $decimal.negative {
            Some(value)
        } else {
            value.checked_neg()
        }
    }};
}

impl<'a> Decimal<'a> {
    /// Parses ASCII text. Returns `None` if Python's `int()` refuses it.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, digits) = match trim_blanks(text) {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            digits => (false, digits),
        };
        well_formed(digits, 10).then_some(Self { negative, digits })
    }

    /// The integer, if it fits 64 bits.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        signed!(self, i64)
    }

    /// The integer, if it fits 128 bits.
    #[must_use]
    pub fn to_i128(self) -> Option<i128> {
        signed!(self, i128)
    }

    /// The integer, if it is not negative and fits 128 bits.
    #[must_use]
    pub fn to_u128(self) -> Option<u128> {
        let mut value = 0_u128;
        for digit in self.each() {
            value = value.checked_mul(10)?.checked_add(u128::from(digit))?;
        }
        (!self.negative || value == 0).then_some(value)
    }

    /// The nearest float; `None` if the integer is larger than the largest
    /// float.
    #[cfg(feature = "serde")]
    pub(crate) fn to_f64(self) -> Option<f64> {
        // The largest float has 309 digits.
        let mut digits = heapless::String::<310>::new();
        let sign = if self.negative { '-' } else { '+' };
        digits.push(sign).ok()?;
        for digit in self.each().skip_while(|&digit| digit == 0) {
            digits.push(char::from(b'0' + digit)).ok()?;
        }
        digits
            .push_str(if digits.len() == 1 { "0" } else { "" })
            .ok()?;
        digits.parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// The number of bytes that `Display` prints of an integer that is not 0.
    #[cfg(feature = "alloc")]
    pub(crate) fn printed_len(self) -> usize {
        usize::from(self.negative) + self.each().skip_while(|&digit| digit == 0).count()
    }

    /// The values of the digits, first to last.
    fn each(self) -> impl Iterator<Item = u8> {
        let digits = self.digits.iter().filter(|&&byte| byte != b'_');
        // Only ASCII digits are left.
        digits.map(|byte| byte.wrapping_sub(b'0'))
    }
}

impl fmt::Display for Decimal<'_> {
    /// Prints the canonical form: no whitespace, plus sign, underscore or
    /// leading zero.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = self.each().skip_while(|&digit| digit == 0).peekable();
        if digits.peek().is_none() {
            return f.write_str("0");
        }
        if self.negative {
            f.write_str("-")?;
        }
        digits.try_for_each(|digit| fmt::Write::write_char(f, char::from(b'0' + digit)))
    }
}

/// Trims whitespace, which for Python is that of ASCII and the vertical tab.
fn trim_blanks(text: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !byte.is_ascii_whitespace() && *byte != 0x0b;
    match (
        text.iter().position(is_text),
        text.iter().rposition(is_text),
    ) {
        (Some(first), Some(last)) => text.get(first..=last).unwrap_or_default(),
        _ => &[],
    }
}

/// At least one digit; underscores only singly and between digits.
#[inline]
pub(crate) fn well_formed(digits: &[u8], radix: u32) -> bool {
    digits.split(|&byte| byte == b'_').all(|run| {
        // An empty run is an underscore at an end, or two in a row.
        !run.is_empty() && run.iter().all(|&byte| char::from(byte).is_digit(radix))
    })
}
