//! Integers: two's complement in pickles, decimal text in opcodes.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

/// The largest power of ten in 32 bits.
const BASE: u64 = 1_000_000_000;

/// The decimal text of a two's complement number, the lowest byte first. The time grows with the square of the length,
/// which is at most 255 bytes.
pub(super) fn decimal(bytes: &[u8]) -> String {
    let negative = bytes.last().is_some_and(|&high| high >= 0x80);
    let mut limbs = magnitude(bytes, negative);
    let mut groups = Vec::new();
    while let Some(&high) = limbs.last() {
        if high == 0 {
            limbs.pop();
        } else {
            groups.push(divide(&mut limbs));
        }
    }
    let mut text = String::from(if negative { "-" } else { "" });
    // Writing to a string does not fail.
    let _ = write!(text, "{}", groups.pop().unwrap_or(0));
    for group in groups.iter().rev() {
        let _ = write!(text, "{group:09}");
    }
    text
}

/// The absolute value, in limbs of 32 bits, the lowest first.
fn magnitude(bytes: &[u8], negative: bool) -> Vec<u32> {
    let flip = if negative { u32::MAX } else { 0 };
    let mut carry = negative;
    let limb = |chunk: &[u8]| {
        let mut whole = if negative { [0xff; 4] } else { [0; 4] };
        for (to, &from) in whole.iter_mut().zip(chunk) {
            *to = from;
        }
        let (limb, overflow) = (u32::from_le_bytes(whole) ^ flip).overflowing_add(carry.into());
        carry = overflow;
        limb
    };
    let mut limbs: Vec<u32> = bytes.chunks(4).map(limb).collect();
    limbs.push(carry.into());
    limbs
}

/// Divides by [`BASE`] and returns the remainder.
fn divide(limbs: &mut [u32]) -> u64 {
    let mut rest = 0;
    for limb in limbs.iter_mut().rev() {
        let part = (rest << 32) | u64::from(*limb);
        // Below 2^32, as the remainder before it is below the base.
        *limb = (part / BASE) as u32;
        rest = part % BASE;
    }
    rest
}

/// The two's complement of decimal text, the lowest byte first, in the fewest bytes; `None` above 128 bits, or if it is not
/// a number.
pub(super) fn twos_complement(text: &[u8]) -> Option<Vec<u8>> {
    let number: i128 = core::str::from_utf8(text).ok()?.parse().ok()?;
    let bytes = number.to_le_bytes();
    let sign = if number < 0 { 0xff } else { 0 };
    let mut len = bytes.len();
    // A byte is redundant if it repeats the sign, and the byte below it has the same sign.
    while len > 1 && bytes[len - 1] == sign && (bytes[len - 2] ^ sign) < 0x80 {
        len -= 1;
    }
    Some(bytes[..len].to_vec())
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec;
    use alloc::vec::Vec;

    use super::{decimal, twos_complement};

    #[test]
    fn both_forms_agree() {
        let mut numbers: Vec<i128> = (-70_000..70_000).step_by(11).collect();
        for bits in 0..127 {
            let power = 1_i128 << bits;
            numbers.extend([power - 1, power, power + 1, -power - 1, -power, 1 - power]);
        }
        numbers.extend([i128::MIN, i128::MAX]);
        for number in numbers {
            let bytes = twos_complement(number.to_string().as_bytes()).unwrap();
            assert_eq!(decimal(&bytes), number.to_string());
            assert_eq!(decimal(&number.to_le_bytes()), number.to_string());
            let (_, shorter) = bytes.split_last().unwrap();
            assert!(
                number == 0 || decimal(shorter) != number.to_string(),
                "{number}"
            );
        }
    }

    #[test]
    fn long_numbers_have_every_digit() {
        let mut power = vec![0; 32];
        power.push(1);
        let two_to_256 =
            "115792089237316195423570985008687907853269984665640564039457584007913129639936";
        assert_eq!(decimal(&power), two_to_256);
        let mut negative = vec![0; 32];
        negative.push(0xff);
        assert_eq!(decimal(&negative), ["-", two_to_256].concat());
        assert_eq!(decimal(&[]), "0");
        assert_eq!(decimal(&[0xff; 255]), "-1");
    }

    #[test]
    fn other_texts_have_no_number() {
        for text in ["", "-", "1x", "170141183460469231731687303715884105728"] {
            assert_eq!(twos_complement(text.as_bytes()), None, "{text}");
        }
    }
}
