//! Equality of keys as in Python, and the hash of keys.
//!
//! `True == 1 == 1.0 == 1+0j` and `0.0 == -0.0`; text and bytes differ; a NaN
//! equals nothing, itself included; tuples and frozensets compare by content.
//!
//! The hash is seeded, so that a peer that does not know the seed cannot choose
//! colliding keys. With `std` the seed is random. Without, it is derived from
//! addresses of the program, which may be fixed: such a device must limit the
//! size of its input.

use core::hash::Hasher;

use foldhash::SharedSeed;
use foldhash::quality::FoldHasher;

use super::{Dict, Set, Value};

/// Whether two values are the same dict key in Python.
pub(super) fn same_key(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::None, Value::None) => true,
        (Value::Str(a), Value::Str(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Channel(a), Value::Channel(b)) => a == b,
        // Exact for these, and cheaper than the general form of a number.
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Tuple(a), Value::Tuple(b)) | (Value::List(a), Value::List(b)) => {
            same_sequence(a, b)
        }
        (Value::Set(a), Value::Set(b)) | (Value::FrozenSet(a), Value::FrozenSet(b)) => {
            same_set(a, b)
        }
        (Value::Dict(a), Value::Dict(b)) => same_dict(a, b),
        _ => match (Number::of(a), Number::of(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        },
    }
}

// These functions recurse once per level. They use loops because iterator
// adaptors take several times the stack in unoptimised builds.

fn same_sequence(a: &[Value], b: &[Value]) -> bool {
    for (a, b) in a.iter().zip(b) {
        if !same_key(a, b) {
            return false;
        }
    }
    a.len() == b.len()
}

fn same_set(a: &Set, b: &Set) -> bool {
    for item in a {
        if !b.contains(item) {
            return false;
        }
    }
    a.len() == b.len()
}

fn same_dict(a: &Dict, b: &Dict) -> bool {
    for (key, value) in a {
        match b.get(key) {
            Some(held) if same_key(held, value) => {}
            _ => return false,
        }
    }
    a.len() == b.len()
}

/// A hash that equal keys share; `None` for a key that equals nothing.
///
/// Sets keep the hashes of their containers, so the work is in proportion to
/// the part of the key that no set inside it has hashed before.
pub(super) fn hash(key: &Value) -> Option<u64> {
    match key {
        Value::Str(text) => Some(text_hash(text)),
        Value::Bytes(bytes) => Some(bytes_hash(Kind::Bytes, bytes)),
        Value::None => Some(hasher(Kind::None).finish()),
        Value::Channel(id) => Some(bytes_hash(Kind::Channel, &id.0.to_ne_bytes())),
        Value::List(items) => sequence_hash(Kind::List, items),
        Value::Tuple(items) => sequence_hash(Kind::Tuple, items),
        Value::Set(items) => Some(unordered(Kind::Set, items.hash_sum()?)),
        Value::FrozenSet(items) => Some(unordered(Kind::FrozenSet, items.hash_sum()?)),
        Value::Dict(pairs) => {
            let mut sum = 0_u64;
            for (key, value) in pairs {
                let mut pair = hasher(Kind::Tuple);
                pair.write_u64(hash(key)?);
                pair.write_u64(hash(value)?);
                sum = sum.wrapping_add(pair.finish());
            }
            Some(unordered(Kind::Dict, sum))
        }
        Value::Int(int) if int.big_digits().is_none() => Number::Whole(int.to_i64()?).hash(),
        _ => Number::of(key)?.hash(),
    }
}

/// The hash of a text key.
#[inline]
pub(super) fn text_hash(text: &str) -> u64 {
    bytes_hash(Kind::Str, text.as_bytes())
}

/// Whether the key is made of values that are hashed themselves.
#[inline]
pub(super) const fn is_container(key: &Value) -> bool {
    matches!(
        key,
        Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Set(_) | Value::FrozenSet(_)
    )
}

/// Whether the key is a number that equals nothing.
#[inline]
pub(super) const fn is_nan(key: &Value) -> bool {
    match key {
        Value::Float(value) => value.is_nan(),
        Value::Complex(value) => value.re.is_nan() || value.im.is_nan(),
        _ => false,
    }
}

/// Keys of different kinds have different hashes, numbers but one.
#[derive(Clone, Copy)]
enum Kind {
    None,
    Number,
    Str,
    Bytes,
    Channel,
    List,
    Tuple,
    Dict,
    Set,
    FrozenSet,
}

/// The hasher of the process, for keys of one kind.
#[inline]
fn hasher(kind: Kind) -> FoldHasher<'static> {
    let (start, shared) = seed();
    FoldHasher::with_seed(start ^ kind as u64, shared)
}

/// The hasher of the process, for values compared exactly.
pub(super) fn exact_hasher() -> FoldHasher<'static> {
    let (start, shared) = seed();
    FoldHasher::with_seed(!start, shared)
}

/// Where a hasher starts, and what it mixes in. Both have to be secret: what
/// is equal to the start hashes to zero.
#[cfg(feature = "std")]
#[inline]
fn seed() -> (u64, &'static SharedSeed) {
    use core::hash::BuildHasher;
    use std::hash::RandomState;
    use std::sync::OnceLock;

    static SEED: OnceLock<(u64, SharedSeed)> = OnceLock::new();
    let (start, shared) = SEED.get_or_init(|| {
        let [start, shared] = [0, 1].map(|n| RandomState::new().hash_one(n));
        (start, SharedSeed::from_u64(shared))
    });
    (*start, shared)
}

#[cfg(not(feature = "std"))]
fn seed() -> (u64, &'static SharedSeed) {
    let shared = SharedSeed::global_random();
    let mut start = FoldHasher::with_seed(!0, shared);
    start.write_u64(1);
    (start.finish(), shared)
}

#[inline]
fn bytes_hash(kind: Kind, bytes: &[u8]) -> u64 {
    let mut hasher = hasher(kind);
    hasher.write(bytes);
    hasher.finish()
}

fn sequence_hash(kind: Kind, items: &[Value]) -> Option<u64> {
    let mut hasher = hasher(kind);
    hasher.write_usize(items.len());
    for item in items {
        hasher.write_u64(hash(item)?);
    }
    Some(hasher.finish())
}

fn unordered(kind: Kind, sum: u64) -> u64 {
    let mut hasher = hasher(kind);
    hasher.write_u64(sum);
    hasher.finish()
}

/// One element of a sum that no order changes.
pub(super) fn addend(hash: u32) -> u64 {
    let mut hasher = hasher(Kind::None);
    hasher.write_u32(hash);
    hasher.finish()
}

/// A number in the form that all numbers equal to it have.
#[derive(PartialEq)]
enum Number<'a> {
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
    fn of(value: &'a Value) -> Option<Self> {
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

    #[allow(clippy::cast_possible_truncation)] // Checked: whole, and in range.
    fn real(value: f64) -> Self {
        const BOUND: f64 = 9_223_372_036_854_775_808.0;
        if (-BOUND..BOUND).contains(&value) && value % 1.0 == 0.0 {
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

    fn hash(&self) -> Option<u64> {
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
