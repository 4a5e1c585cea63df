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

    /// A few hundred thousand digits, more than one part of them each time. By
    /// the time of the processor, because other programs use the machine too.
    #[cfg(unix)]
    #[test]
    fn the_time_for_digits_grows_slower_than_their_square() {
        let read = |len: usize| {
            let int: Int = "123456789".repeat(len / 9).parse().unwrap();
            let now = || {
                let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
                core::time::Duration::try_from(time).unwrap()
            };
            let runs = (0..5).map(|_| {
                let start = now();
                let big = BigInt::from(&int);
                (now() - start, big)
            });
            let (least, big) = runs.min_by_key(|(taken, _)| *taken).unwrap();
            (least, big, int)
        };
        let (short, ..) = read(10_000);
        let (long, big, int) = read(10_000 * 16);
        assert_eq!(Int::from(&big), int);
        // By the square it is 256 times as long.
        assert!(long < short * 160, "{short:?} and {long:?}");
    }

    #[test]
    fn digits_of_any_number_of_parts_are_read() {
        for len in [19, 511, 512, 513, 1024, 1025, 1536, 5000] {
            for text in ["9".repeat(len), format!("-1{}", "0".repeat(len - 1))] {
                let int: Int = text.parse().unwrap();
                assert_eq!(BigInt::from(&int), text.parse::<BigInt>().unwrap());
            }
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
    use execnet_serializer::{Complex, LoadOptions};
    use num_complex::{Complex32, Complex64};

    let number = Complex64::new(1.5, -2.0);
    assert_eq!(Complex64::from(Complex::from(number)), number);
    assert_eq!(Complex::from(Complex32::new(1.5, -2.0)), number.into());
    let mut buffer = [0; 32];
    let mut encoder = execnet_serializer::Encoder::new(&mut buffer[..]);
    execnet_serializer::Dump::dump(&number, &mut encoder).unwrap();
    encoder.stop().unwrap();
    let document = LoadOptions::wire().document::<1>(&buffer).unwrap();
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
