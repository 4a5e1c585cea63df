//! Conversions from and to the number types of `num-bigint` and `num-complex`.

/// Integers of any size.
#[cfg(feature = "num-bigint")]
mod bigint {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use num_bigint::{BigInt, BigUint, Sign};

    use crate::{Decimal, Int, TryFromIntError, Value};

    impl From<&BigInt> for Int {
        fn from(value: &BigInt) -> Self {
            match i64::try_from(value) {
                Ok(small) => Self::from(small),
                Err(_) => Self::from(Decimal {
                    negative: value.sign() == Sign::Minus,
                    digits: value.magnitude().to_string().as_bytes(),
                }),
            }
        }
    }

    impl From<&BigUint> for Int {
        fn from(value: &BigUint) -> Self {
            match i64::try_from(value) {
                Ok(small) => Self::from(small),
                Err(_) => Self::from(Decimal {
                    negative: false,
                    digits: value.to_string().as_bytes(),
                }),
            }
        }
    }

    impl From<&Int> for BigInt {
        fn from(value: &Int) -> Self {
            match (value.to_i64(), value.big_digits()) {
                (Some(small), _) => Self::from(small),
                (None, digits) => from_digits(digits.unwrap_or_default()),
            }
        }
    }

    /// Digits read at once, which takes time by their square.
    const PART: usize = 512;

    /// The integer of canonical digits, in less than the square of their
    /// number: parts are put together two by two, which takes a multiplication
    /// of large numbers each.
    fn from_digits(digits: &str) -> BigInt {
        let (sign, digits) = match digits.strip_prefix('-') {
            Some(digits) => (Sign::Minus, digits),
            None => (Sign::Plus, digits),
        };
        let parts = digits.as_bytes().rchunks(PART);
        // The digits of an `Int` are digits.
        let part = |digits| BigUint::parse_bytes(digits, 10).unwrap_or_default();
        let mut parts = Vec::from_iter(parts.map(part));
        let mut base = BigUint::from(10_u8).pow(PART as u32);
        while parts.len() > 1 {
            let pairs = parts.chunks(2).map(|pair| match pair {
                [low, high] => low + high * &base,
                rest => rest.iter().sum(),
            });
            parts = pairs.collect();
            base = &base * &base;
        }
        BigInt::from_biguint(sign, parts.pop().unwrap_or_default())
    }

    impl TryFrom<&Int> for BigUint {
        type Error = TryFromIntError;

        fn try_from(value: &Int) -> Result<Self, TryFromIntError> {
            BigInt::from(value).to_biguint().ok_or(TryFromIntError)
        }
    }

    /// By value, into any value, and written.
    macro_rules! integers {
        ($($type:ty)*) => {$(
            impl From<$type> for Int {
                fn from(value: $type) -> Self {
                    Self::from(&value)
                }
            }

            impl From<$type> for Value {
                fn from(value: $type) -> Self {
                    Self::Int(Int::from(&value))
                }
            }

            dump_scalars! {
                $type => |encoder, value| Int::from(value).dump(encoder);
            }
        )*};
    }

    integers! { BigInt BigUint }
}

/// Complex numbers.
#[cfg(feature = "num-complex")]
mod complex {
    use num_complex::{Complex32, Complex64};

    use crate::Complex;

    impl From<Complex64> for Complex {
        fn from(Complex64 { re, im }: Complex64) -> Self {
            Self { re, im }
        }
    }

    impl From<Complex32> for Complex {
        fn from(Complex32 { re, im }: Complex32) -> Self {
            let [re, im] = [re, im].map(f64::from);
            Self { re, im }
        }
    }

    impl From<Complex> for Complex64 {
        fn from(Complex { re, im }: Complex) -> Self {
            Self { re, im }
        }
    }

    /// Into any value, and written.
    macro_rules! complex_numbers {
        ($($type:ty)*) => {$(
            #[cfg(feature = "alloc")]
            impl From<$type> for crate::Value {
                fn from(value: $type) -> Self {
                    Self::Complex(value.into())
                }
            }

            dump_scalars! {
                $type => |encoder, value| encoder.complex(Complex::from(*value));
            }
        )*};
    }

    complex_numbers! { Complex64 Complex32 }
}
