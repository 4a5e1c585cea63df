//! Parses numbers: integers of every notation, floats, complex numbers.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::error::{ParseLiteralError, ParseLiteralErrorKind as Kind};
use super::source::{Source, is_name};
use crate::decimal::{Decimal, well_formed};
use crate::{Complex, Int, Value};

/// The most digits of a hexadecimal, octal or binary integer: turning them
/// into decimal ones takes time in proportion to their square.
const MAX_RADIX_DIGITS: usize = 1024;

/// A number without its sign.
enum Magnitude<'a> {
    /// Decimal digits, single underscores between them.
    Int(Cow<'a, str>),
    Real(f64),
    Imaginary(f64),
}

/// Reads a number, a signed one or a sum of a real and an imaginary part, if
/// one comes next; blanks inside may span lines if `lines`.
///
/// The parts of a complex number keep the signs they are written with, as
/// Python's `complex` reads them, so that a printed value is read as itself.
pub(super) fn number(
    source: &mut Source<'_>,
    lines: bool,
) -> Result<Option<Value>, ParseLiteralError> {
    let sign = sign(source, lines);
    let start = *source;
    // A sign alone is an error here, because no other value starts with one.
    let magnitude = match magnitude(source)? {
        Some(magnitude) => magnitude,
        None if sign.is_some() => return Err(source.expected("a number")),
        None => return Ok(None),
    };
    let negative = sign == Some('-');
    let Some(im) = imaginary_part(source, lines, &magnitude)? else {
        return Ok(Some(plain(&magnitude, negative)));
    };
    let re = signed(real(&magnitude).ok_or(start.error(Kind::Number))?, negative);
    Ok(Some(Value::Complex(Complex { re, im })))
}

fn sign(source: &mut Source<'_>, lines: bool) -> Option<char> {
    let sign = source.peek().filter(|c| matches!(c, '+' | '-'))?;
    source.next();
    source.skip_blanks(lines);
    Some(sign)
}

fn plain(magnitude: &Magnitude<'_>, negative: bool) -> Value {
    match magnitude {
        Magnitude::Int(digits) => {
            let digits = digits.as_bytes();
            Value::Int(Int::from(Decimal { negative, digits }))
        }
        Magnitude::Real(value) => Value::Float(signed(*value, negative)),
        Magnitude::Imaginary(value) => Value::Complex(Complex {
            re: 0.0,
            im: signed(*value, negative),
        }),
    }
}

/// The imaginary part that a sign after a number announces.
fn imaginary_part(
    source: &mut Source<'_>,
    lines: bool,
    before: &Magnitude<'_>,
) -> Result<Option<f64>, ParseLiteralError> {
    // On a copy: if no sign follows, the blanks belong to what comes after.
    let mut ahead = *source;
    ahead.skip_blanks(lines);
    let at = ahead;
    let Some(sign) = sign(&mut ahead, lines) else {
        return Ok(None);
    };
    match (before, magnitude(&mut ahead)?) {
        (Magnitude::Int(_) | Magnitude::Real(_), Some(Magnitude::Imaginary(im))) => {
            *source = ahead;
            Ok(Some(signed(im, sign == '-')))
        }
        _ => Err(at.error(Kind::Sum)),
    }
}

fn real(magnitude: &Magnitude<'_>) -> Option<f64> {
    match magnitude {
        Magnitude::Int(digits) => float(digits),
        Magnitude::Real(value) | Magnitude::Imaginary(value) => Some(*value),
    }
}

fn signed(value: f64, negative: bool) -> f64 {
    if negative { -value } else { value }
}

fn magnitude<'a>(source: &mut Source<'a>) -> Result<Option<Magnitude<'a>>, ParseLiteralError> {
    match source.peek() {
        Some(c) if c == '.' || c.is_ascii_digit() => digits(source).map(Some),
        Some('i' | 'n') => Ok(named(source)),
        _ => Ok(None),
    }
}

/// `inf` and `nan`, as floats and as imaginary parts.
fn named<'a>(source: &mut Source<'a>) -> Option<Magnitude<'a>> {
    let mut ahead = *source;
    let magnitude = match ahead.take_while(is_name) {
        "inf" => Magnitude::Real(f64::INFINITY),
        "nan" => Magnitude::Real(f64::NAN),
        "infj" => Magnitude::Imaginary(f64::INFINITY),
        "nanj" => Magnitude::Imaginary(f64::NAN),
        _ => return None,
    };
    *source = ahead;
    Some(magnitude)
}

fn digits<'a>(source: &mut Source<'a>) -> Result<Magnitude<'a>, ParseLiteralError> {
    let start = *source;
    let prefix = start.rest().as_bytes();
    let radix = match prefix {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => return decimal(source),
    };
    source.take(2);
    let digits = source.take_while(is_name);
    if digits.len() > MAX_RADIX_DIGITS {
        return Err(start.error(Kind::RadixTooLong(MAX_RADIX_DIGITS)));
    }
    // One underscore may stand right after the prefix.
    let run = digits.strip_prefix('_').unwrap_or(digits);
    if !well_formed(run.as_bytes(), radix) || source.peek() == Some('.') {
        return Err(start.error(Kind::Number));
    }
    Ok(Magnitude::Int(Cow::Owned(to_decimal(run, radix))))
}

/// Decimal digits, with a point, an exponent and the `j` of an imaginary part.
fn decimal<'a>(source: &mut Source<'a>) -> Result<Magnitude<'a>, ParseLiteralError> {
    let start = *source;
    let whole = source.take_while(is_digit);
    // Everything that looks like the number is read before it is judged, so that an
    // error names the start of the whole number.
    let mut sound = whole.is_empty() || well_formed(whole.as_bytes(), 10);
    let mut integer = true;
    if source.eat(".") {
        integer = false;
        let fraction = source.take_while(is_digit);
        sound &= !(whole.is_empty() && fraction.is_empty());
        sound &= fraction.is_empty() || well_formed(fraction.as_bytes(), 10);
    }
    if source.eat("e") || source.eat("E") {
        integer = false;
        let _sign = source.eat("+") || source.eat("-");
        sound &= well_formed(source.take_while(is_digit).as_bytes(), 10);
    }
    let text = start.rest().get(..source.offset() - start.offset());
    let imaginary = source.eat("j") || source.eat("J");
    // `1_000abc` is no number with a name after it, and `1.2.3` not two numbers.
    let ends = !source.peek().is_some_and(|c| is_name(c) || c == '.');
    match text.filter(|_| sound && ends) {
        Some(text) if integer && !imaginary => whole_number(text, start),
        Some(text) => {
            let value = float(text).ok_or(start.error(Kind::Number))?;
            Ok(if imaginary {
                Magnitude::Imaginary(value)
            } else {
                Magnitude::Real(value)
            })
        }
        None => Err(start.error(Kind::Number)),
    }
}

fn whole_number<'a>(text: &'a str, start: Source<'_>) -> Result<Magnitude<'a>, ParseLiteralError> {
    // As in Python 3, where `0o17` replaced the octal `017`; `00` is still zero.
    let zeros = text.bytes().all(|byte| matches!(byte, b'0' | b'_'));
    if text.starts_with('0') && !zeros {
        return Err(start.error(Kind::LeadingZero));
    }
    Ok(Magnitude::Int(Cow::Borrowed(text)))
}

fn is_digit(c: char) -> bool {
    c == '_' || c.is_ascii_digit()
}

fn float(text: &str) -> Option<f64> {
    if text.contains('_') {
        text.replace('_', "").parse().ok()
    } else {
        text.parse().ok()
    }
}

/// The decimal digits of well-formed digits of another radix.
fn to_decimal(digits: &str, radix: u32) -> String {
    let digits = digits.chars().filter_map(|c| c.to_digit(radix));
    let limbs = to_limbs(digits, radix);
    let mut limbs = limbs.iter().rev();
    // The highest limb without leading zeros, all others with.
    let mut text = limbs.next().map_or(String::new(), |limb| format!("{limb}"));
    for limb in limbs {
        let written = write!(text, "{limb:0width$}", width = LIMB_DIGITS);
        debug_assert!(written.is_ok());
    }
    text
}

const LIMB_DIGITS: usize = 18;

/// The number in base 10^18, the least limb first.
fn to_limbs(digits: impl Iterator<Item = u32>, radix: u32) -> Vec<u64> {
    const BASE: u64 = 10_u64.pow(18);
    let mut limbs = alloc::vec![0];
    for digit in digits {
        let mut carry = u64::from(digit);
        for limb in &mut limbs {
            // At most 16 * 10^18 and a digit, which is below 2^64.
            let value = *limb * u64::from(radix) + carry;
            *limb = value % BASE;
            carry = value / BASE;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    limbs
}
