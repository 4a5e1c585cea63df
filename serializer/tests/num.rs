//! The number types of `num-bigint` and `num-complex`, into values and back.

#[cfg(feature = "num-bigint")]
mod bigint {
    use execnet_serializer::{Int, Value, dumps, loads};
    use num_bigint::{BigInt, BigUint};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_of_any_size_round_trip(negative: bool, digits in "[1-9][0-9]{0,99}") {
            let text = format!("{}{digits}", if negative { "-" } else { "" });
            let big: BigInt = text.parse().unwrap();
            let int = Int::from(&big);
            prop_assert_eq!(int.to_string(), text.clone());
            prop_assert_eq!(&int, &text.parse::<Int>().unwrap());
            prop_assert_eq!(BigInt::from(&int), big.clone());
            prop_assert_eq!(BigUint::try_from(&int).ok(), big.to_biguint());
            let loaded = loads(&dumps(&big).unwrap()).unwrap();
            prop_assert_eq!(loaded, Value::from(big));
        }
    }

    #[test]
    fn zero_is_zero() {
        assert_eq!(Int::from(BigInt::ZERO), Int::from(0));
        assert_eq!(BigInt::from(&Int::from(0)), BigInt::ZERO);
        assert_eq!(BigUint::try_from(&Int::from(0)), Ok(BigUint::ZERO));
    }
}

#[cfg(feature = "num-complex")]
#[test]
fn complex_numbers_round_trip() {
    use execnet_serializer::{Complex, Document};
    use num_complex::{Complex32, Complex64};

    let number = Complex64::new(1.5, -2.0);
    assert_eq!(Complex64::from(Complex::from(number)), number);
    assert_eq!(Complex::from(Complex32::new(1.5, -2.0)), number.into());
    let mut buffer = [0; 32];
    let mut encoder = execnet_serializer::Encoder::new(&mut buffer[..]);
    execnet_serializer::Dump::dump(&number, &mut encoder).unwrap();
    encoder.stop().unwrap();
    let document = Document::<1>::loads_internal(&buffer).unwrap();
    let execnet_serializer::NodeKind::Complex(read) = document.root().kind() else {
        panic!("no complex number");
    };
    assert_eq!(Complex64::from(read), number);
}

/// `num_complex`'s own serde form is a pair of floats.
#[cfg(all(feature = "num-complex", feature = "serde", feature = "alloc"))]
#[test]
fn complex_numbers_are_read_by_serde_as_pairs() {
    use execnet_serializer::{Complex, from_slice, to_vec};
    let bytes = to_vec(&Complex { re: 1.5, im: -2.0 }).unwrap();
    let pair: (f64, f64) = from_slice(&bytes).unwrap();
    assert_eq!(pair, (1.5, -2.0));
}
