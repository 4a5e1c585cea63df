//! Prints floats as Python does.

use core::fmt::{self, Formatter, Write as _};

/// A sign, a point, up to four zeros in front of the digits or an exponent of
/// five characters behind them, and 17 digits.
type Text = heapless::String<26>;

/// Prints a float with the fewest digits that parse as it. `point` follows the
/// digits of a whole number.
pub(super) fn real(value: f64, point: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let size = value.abs();
    // A NaN has a sign in memory, and Python prints none.
    if value.is_nan() {
        f.write_str("nan")
    } else if size.is_infinite() {
        f.write_str(if value > 0.0 { "inf" } else { "-inf" })
    } else if size >= 1e16 || (size > 0.0 && size < 1e-4) {
        scientific(value, f)
    } else {
        // Rust prints a whole number without a point, Python with one, except as a
        // part of a complex number.
        let whole = value % 1.0 == 0.0;
        f.write_str(&shortest(value, Notation::Plain)?)?;
        f.write_str(if whole { point } else { "" })
    }
}

/// With an exponent, which Python gives a sign and at least two digits.
fn scientific(value: f64, f: &mut Formatter<'_>) -> fmt::Result {
    let text = shortest(value, Notation::Exponent)?;
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    write!(f, "{digits}e{sign}{exponent:0>2}")
}

#[derive(Clone, Copy)]
enum Notation {
    Plain,
    Exponent,
}

/// The fewest digits that parse as the value. If two texts of that length are
/// equally near, Python prints the one with the even last digit and Rust the
/// larger. Rust prints the even one if the number of digits is given.
fn shortest(value: f64, notation: Notation) -> Result<Text, fmt::Error> {
    let mut text = Text::new();
    match notation {
        Notation::Plain => write!(text, "{value}")?,
        Notation::Exponent => write!(text, "{value:e}")?,
    }
    if !may_lie_halfway(value) {
        return Ok(text);
    }
    let digits = fraction_digits(&text);
    // As many digits as before, so that only the tie is decided anew.
    let mut rounded = Text::new();
    match notation {
        Notation::Plain => write!(rounded, "{value:.digits$}")?,
        Notation::Exponent => write!(rounded, "{value:.digits$e}")?,
    }
    // At a power of two the nearest text of that length may be too far off.
    let reads_back = rounded.parse() == Ok(value);
    Ok(if reads_back { rounded } else { text })
}

fn fraction_digits(text: &str) -> usize {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction.bytes().take_while(u8::is_ascii_digit).count()
}

/// Whether the value can lie halfway between two decimals of at most 17
/// digits: then it has at most 18 itself and ends in a 5. So its lowest bit
/// stands for no less than 2^-25 (5^25 alone has 18 digits) and no more than
/// 2^22 (5^23 has more than 53 bits).
fn may_lie_halfway(value: f64) -> bool {
    const MANTISSA_BITS: u32 = 52;
    let bits = value.to_bits();
    // With the implied bit. Subnormal numbers have none, but they are far below the
    // range, so that the bit too much does not matter.
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1) | 1 << MANTISSA_BITS;
    let biased = bits >> MANTISSA_BITS & 0x7ff;
    // The exponent of the lowest bit, 1075 more so that it is not negative.
    let lowest = biased + u64::from(mantissa.trailing_zeros());
    (1075 - 25..=1075 + 22).contains(&lowest)
}
