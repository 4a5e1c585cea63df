//! Integers, text and other small types.

use super::*;

#[test]
fn integers_have_their_accessors_up_to_their_borders() {
    for (digits, small, unsigned) in [
        ("-9223372036854775809", None, None),
        ("-9223372036854775808", Some(i64::MIN), None),
        ("-1", Some(-1), None),
        ("0", Some(0), Some(0)),
        (
            "9223372036854775807",
            Some(i64::MAX),
            Some(1 << 63 ^ u64::MAX),
        ),
        ("9223372036854775808", None, Some(1 << 63)),
        ("18446744073709551615", None, Some(u64::MAX)),
        ("18446744073709551616", None, None),
    ] {
        let value = Value::Int(digits.parse().unwrap());
        assert_eq!(value.as_i64(), small, "{digits}");
        assert_eq!(value.as_u64(), unsigned, "{digits}");
        assert_eq!(format!("{value:?}"), format!("Int({digits})"));
        let bytes = DumpOptions::wire().dumps(&value).unwrap();
        let document = LoadOptions::wire().document_buf(&bytes).unwrap();
        assert_eq!(document.root().as_i64(), small, "{digits}");
        let is_big = matches!(document.root().kind(), NodeKind::BigInt(_));
        assert_eq!(is_big, small.is_none(), "{digits}");
    }
}

#[test]
fn an_int_is_the_nearest_float_up_to_the_largest_one() {
    let float = |digits: &str| Value::Int(digits.parse().unwrap()).to_f64();
    assert_eq!(float("9007199254740993"), Some(9_007_199_254_740_992.0));
    assert_eq!(float("-18446744073709551616"), Some(-(2.0_f64.powi(64))));
    let largest = format!("{:.0}", f64::MAX);
    assert_eq!(float(&largest), Some(f64::MAX));
    assert_eq!(float(&"9".repeat(309)), None);
    assert_eq!(float(&format!("-{}", "9".repeat(400))), None);
}

/// Up to 22 bytes are kept in place, and none of it shows.
#[test]
fn text_is_the_same_however_long_it_is() {
    for len in [0, 1, 21, 22, 23, 24, 100] {
        let text = "t".repeat(len);
        for kept in [
            Str::from(text.as_str()),
            Str::from(text.clone()),
            Str::from(Cow::Borrowed(text.as_str())),
            Str::from(Cow::Owned(text.clone())),
            text.chars().collect(),
        ] {
            let borrowed: &str = kept.borrow();
            assert_eq!([kept.as_str(), kept.as_ref(), borrowed, &kept], [&text; 4]);
            assert!(kept == *text && kept == text.as_str());
            assert!(kept != *"u" && kept != "u");
            assert_eq!(kept.cmp(&Str::from("s")), text.as_str().cmp("s"));
            assert_eq!(
                kept.partial_cmp(&Str::from("u")),
                text.as_str().partial_cmp("u")
            );
            assert_eq!(String::from(kept), text);
        }
    }
    assert_eq!((Str::default(), Str::from('é')), (Str::new(), "é".into()));
}

#[test]
fn small_types_have_display_and_debug() {
    assert_eq!(Complex { re: 1.0, im: -0.5 }.to_string(), "(1-0.5j)");
    assert_eq!(ChannelId(-3).to_string(), "-3");
    assert_eq!(Str::from("it's").to_string(), "it's");
    assert_eq!(format!("{:?}", Str::from("it's")), "\"it's\"");
    for digits in ["-5", "36893488147419103232"] {
        let int: Int = digits.parse().unwrap();
        assert_eq!(
            (int.to_string(), format!("{int:?}")),
            (digits.into(), digits.into())
        );
    }
    assert_eq!(
        u8::try_from(&Int::from(256)).unwrap_err().to_string(),
        "integer out of range of the requested type"
    );
    assert_eq!(u8::try_from(&Int::from(-1)), Err(TryFromIntError));
    assert_eq!(ParseIntError.to_string(), "not a decimal integer");
    assert_eq!("1.0".parse::<Int>(), Err(ParseIntError));
}
