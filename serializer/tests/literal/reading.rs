//! Every notation of a value.

use super::*;

#[test]
fn numbers_read_in_every_notation() {
    for (text, value) in [
        ("0x_fF", Value::from(255)),
        ("0b101", Value::from(5)),
        ("-0o17", Value::from(-15)),
        ("+1_000", Value::from(1000)),
        ("00_0", Value::from(0)),
        ("- 1", Value::from(-1)),
        ("1.", Value::from(1.0)),
        (".5", Value::from(0.5)),
        ("1_0.2_5e+0_1", Value::from(102.5)),
        ("01e1", Value::from(10.0)),
        ("1e999", Value::from(f64::INFINITY)),
        ("01j", complex(0.0, 1.0)),
        ("1 - 2J", complex(1.0, -2.0)),
        ("-1.5+.5j", complex(-1.5, 0.5)),
        ("-inf", Value::from(f64::NEG_INFINITY)),
        ("-nan", Value::from(-f64::NAN)),
        ("nan-infj", complex(f64::NAN, f64::NEG_INFINITY)),
        ("(1)", Value::from(1)),
    ] {
        assert_eq!(parse(text), value, "{text}");
    }
}

#[test]
fn long_hexadecimal_integers_become_their_decimal_digits() {
    // Beyond one limb of 10^18, in every radix, with the carry into the next.
    for (text, decimal) in [
        (
            "0xffffffffffffffffffffffff",
            "79228162514264337593543950335",
        ),
        ("0xde0b6b3a763ffff", "999999999999999999"),
        ("0xde0b6b3a7640000", "1000000000000000000"),
        ("0o67405553164731000000", "1000000000000000000"),
        (
            "0b1111111111111111111111111111111111111111111111111111111111111111",
            "18446744073709551615",
        ),
        (
            "0o7777777777777777777777777777",
            "19342813113834066795298815",
        ),
    ] {
        let int: Int = decimal.parse().unwrap();
        assert_eq!(parse(text), Value::Int(int), "{text}");
    }
    assert_eq!(
        parse("0xffffffffffffffffffffffffffffffff"),
        Value::from(u128::MAX)
    );
    assert_eq!(
        parse("-0x80000000000000000000000000000000"),
        Value::from(i128::MIN)
    );
    let inner_zeros = "1000000000000000000000000000000000000000";
    let int: Int = inner_zeros.parse().unwrap();
    assert_eq!(
        parse("0x2f050fe938943acc45f65568000000000"),
        Value::Int(int)
    );
    assert_eq!(parse(&format!("0x{}1", "0".repeat(1023))), Value::from(1));
    assert_eq!(error(&format!("[0b{}]", "1".repeat(1025))).0, 1);
}

#[test]
fn strings_read_in_every_notation() {
    for (text, value) in [
        (r"'\a\b\f\n\r\t\v\\\'\q'", "\x07\x08\x0c\n\r\t\x0b\\'\\q"),
        (r"'\0\08\101\777\x41\u20ac\U0001f600'", "\0\08A\u{1ff}A€😀"),
        (r#"R'\n\'' "b" U'c'"#, "\\n\\'bc"),
        ("'a\\\nb\\\r\nc'", "abc"),
        ("'''a'b\r\n\"\"\\''''", "a'b\n\"\"'"),
        ("\"\"\"\n\"x\"\"\"", "\n\"x"),
        ("r'a\\\nb'", "a\\\nb"),
        ("r'a\\\rb'", "a\\\nb"),
        ("r'''a\\\r\nb'''", "a\\\nb"),
        ("('a' # one\n 'b')", "ab"),
        ("\n# first\n'a'  # last\n\n", "a"),
    ] {
        assert_eq!(parse(text), Value::from(value), "{text}");
    }
}

#[test]
fn bytes_read_in_every_notation() {
    for (text, value) in [
        (r"b'\x00\377\777\u\N'", &b"\0\xff\xff\\u\\N"[..]),
        (r"Rb'\x' bR'\'' B'''a'''", b"\\x\\'a"),
        // In bytes these are no escapes.
        (r"b'\U00000041\u0041'", b"\\U00000041\\u0041"),
        // A line has one kind of end, in raw strings too.
        ("br'a\\\rb'", b"a\\\nb"),
        ("rb'''a\\\r\nb\r\nc'''", b"a\\\nb\nc"),
    ] {
        assert_eq!(parse(text), Value::from(Bytes(value)), "{text}");
    }
}

#[test]
fn containers_read_with_commas_comments_and_line_ends() {
    for (text, same) in [
        ("[1, 2, # two\r\n 3,]", "[1, 2, 3]"),
        ("1, 'a'", "(1, 'a')"),
        ("1,", "(1,)"),
        ("((1, 2),)", "((1, 2),)"),
        ("(([]))", "[]"),
        ("{1: 2, 3: {4,},}", "{1: 2, 3: {4}}"),
        ("{ }", "{}"),
        ("set([1, 2, 1])", "{1, 2}"),
        ("set(((1, 2),))", "{(1, 2)}"),
        ("frozenset(\n[(1, 'a')],\n)", "frozenset({(1, 'a')})"),
        ("frozenset({frozenset()})", "frozenset({frozenset()})"),
        ("frozenset(set())", "frozenset()"),
        ("{1: 'a', True: 'b'}", "{1: 'b'}"),
        ("[1, \\\n2]", "[1, 2]"),
        (" \t1 \\\n + 2j ", "(1+2j)"),
    ] {
        assert_eq!(parse(text).to_string(), same, "{text}");
    }
}

#[test]
fn nesting_ends_at_the_limit() {
    let limit = usize::from(Limits::MAX_DEPTH);
    for (open, inner, close) in [
        ("[", "[]", "]"),
        ("(", "()", ",)"),
        ("{1: ", "{}", "}"),
        ("frozenset({", "frozenset()", "})"),
    ] {
        let nested = |depth: usize| {
            let around = depth - 1;
            format!("{}{inner}{}", open.repeat(around), close.repeat(around))
        };
        let deepest = parse(&nested(limit));
        assert_eq!(deepest.to_string(), nested(limit));
        assert!(dumps(&deepest).is_ok());
        let error = nested(limit + 1).parse::<Value>().unwrap_err();
        assert!(error.is_depth());
        assert_eq!(error.offset(), limit * open.len());
        assert!(!open.parse::<Value>().unwrap_err().is_depth());
    }
}

#[test]
fn endless_nesting_is_refused_and_takes_no_stack() {
    for open in [
        "[",
        "(",
        "{",
        "{0:",
        "set(",
        "frozenset({",
        "-",
        "('",
        "set([",
    ] {
        let text = open.repeat(1_000_000 / open.len());
        assert!(text.parse::<Value>().is_err(), "{open}");
    }
}
