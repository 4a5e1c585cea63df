//! Integers as decimal text, up to the borders of Rust's own.

use execnet_serializer::Decimal;

#[test]
fn decimals_become_the_integers_that_hold_them() {
    type Expected = (&'static str, Option<i64>, Option<i128>, Option<u128>);
    const CASES: [Expected; 14] = [
        ("0", Some(0), Some(0), Some(0)),
        ("-0", Some(0), Some(0), Some(0)),
        (" +1_0 ", Some(10), Some(10), Some(10)),
        ("\x0b007\n", Some(7), Some(7), Some(7)),
        ("-5", Some(-5), Some(-5), None),
        (
            "9223372036854775807",
            Some(i64::MAX),
            Some(i64::MAX as i128),
            Some(i64::MAX as u128),
        ),
        ("9223372036854775808", None, Some(1 << 63), Some(1 << 63)),
        (
            "-9223372036854775808",
            Some(i64::MIN),
            Some(i64::MIN as i128),
            None,
        ),
        (
            "-9223372036854775809",
            None,
            Some(i64::MIN as i128 - 1),
            None,
        ),
        (
            "170141183460469231731687303715884105727",
            None,
            Some(i128::MAX),
            Some(i128::MAX as u128),
        ),
        (
            "170141183460469231731687303715884105728",
            None,
            None,
            Some(1 << 127),
        ),
        (
            "-170141183460469231731687303715884105728",
            None,
            Some(i128::MIN),
            None,
        ),
        (
            "340282366920938463463374607431768211455",
            None,
            None,
            Some(u128::MAX),
        ),
        ("340282366920938463463374607431768211456", None, None, None),
    ];
    for (text, small, large, unsigned) in CASES {
        let decimal = Decimal::parse(text.as_bytes());
        assert_eq!(decimal.map(Decimal::to_i64), Some(small), "{text:?}");
        assert_eq!(decimal.map(Decimal::to_i128), Some(large), "{text:?}");
        assert_eq!(decimal.map(Decimal::to_u128), Some(unsigned), "{text:?}");
    }
}

#[test]
fn text_that_python_refuses_as_integer_is_none() {
    for text in [
        "", " ", "-", "+", "--1", "+-1", "1 2", "_1", "1_", "1__2", "1.0", "0x1", "1e3", "- 1",
        "\u{661}",
    ] {
        assert!(Decimal::parse(text.as_bytes()).is_none(), "{text:?}");
    }
}
