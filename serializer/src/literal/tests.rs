use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::ParseLiteralError;
use crate::{Bytes, ChannelId, Complex, Dict, Int, Limits, Set, Value};

fn parse(text: &str) -> Value {
    text.parse()
        .unwrap_or_else(|error: ParseLiteralError| panic!("{text}: {error}"))
}

fn error(text: &str) -> (usize, String) {
    let error = text.parse::<Value>().expect_err(text);
    let message = error.to_string();
    let (_, message) = message.split_once(": ").expect("offset in front");
    (error.offset(), message.into())
}

fn set<const N: usize>(items: [i32; N]) -> Set {
    items.map(Value::from).into_iter().collect()
}

fn complex(re: f64, im: f64) -> Value {
    Value::Complex(Complex { re, im })
}

/// Values beside what Python 3 prints for them.
fn printed() -> Vec<(Value, &'static str)> {
    let dict = Dict::from_iter([
        (Value::from("a"), Value::List(Vec::new())),
        (
            Value::Tuple(Vec::from([Value::from(1), Value::Tuple(Vec::new())])),
            Value::None,
        ),
    ]);
    Vec::from([
        (Value::None, "None"),
        (Value::Bool(true), "True"),
        (Value::Bool(false), "False"),
        (Value::from(-5), "-5"),
        (Value::from(i64::MIN), "-9223372036854775808"),
        (
            Value::from(u128::MAX),
            "340282366920938463463374607431768211455",
        ),
        (Value::from(1.0), "1.0"),
        (Value::from(-0.0), "-0.0"),
        (Value::from(0.1), "0.1"),
        (Value::from(1e15), "1000000000000000.0"),
        (Value::from(1e16), "1e+16"),
        (Value::from(1.5e-5), "1.5e-05"),
        (Value::from(0.0001), "0.0001"),
        (Value::from(5e-324), "5e-324"),
        (Value::from(f64::MAX), "1.7976931348623157e+308"),
        (Value::from(f64::NEG_INFINITY), "-inf"),
        (Value::from(f64::NAN), "nan"),
        (complex(1.78, 3.25), "(1.78+3.25j)"),
        (complex(0.0, 1.0), "1j"),
        (complex(0.0, -1.0), "-1j"),
        (complex(0.0, -0.0), "-0j"),
        (complex(-0.0, -0.0), "(-0-0j)"),
        (complex(-1.0, 1e16), "(-1+1e+16j)"),
        (complex(f64::INFINITY, f64::NAN), "(inf+nanj)"),
        (complex(f64::NAN, f64::NEG_INFINITY), "(nan-infj)"),
        (Value::from(Bytes(b"\0'\xff\t~")), r#"b"\x00'\xff\t~""#),
        (Value::from(Bytes(b"'\"")), r#"b'\'"'"#),
        (Value::from(""), "''"),
        (Value::from("it's"), r#""it's""#),
        (Value::from("'\""), r#"'\'"'"#),
        (
            Value::from("a\\\n\r\t\x07\x7f\u{e9}"),
            r"'a\\\n\r\t\x07\x7fé'",
        ),
        (
            Value::from("\u{a0}\u{ad}\u{2028}\u{e000}\u{feff}"),
            r"'\xa0\xad\u2028\ue000\ufeff'",
        ),
        (Value::from("\u{301}e\u{301}"), "'\u{301}e\u{301}'"),
        (Value::from("\u{1f600}\u{10ffff}"), "'\u{1f600}\\U0010ffff'"),
        (Value::List(Vec::new()), "[]"),
        (Value::from([1, 2]), "[1, 2]"),
        (Value::Tuple(Vec::new()), "()"),
        (Value::from((1,)), "(1,)"),
        (Value::from((1, "x")), "(1, 'x')"),
        (Value::Dict(Dict::new()), "{}"),
        (Value::Dict(dict), "{'a': [], (1, ()): None}"),
        (Value::Set(Set::new()), "set()"),
        (Value::Set(set([1, 2])), "{1, 2}"),
        (Value::FrozenSet(Set::new()), "frozenset()"),
        (Value::FrozenSet(set([1])), "frozenset({1})"),
        (Value::Channel(ChannelId(-3)), "Channel(-3)"),
    ])
}

#[test]
fn values_print_as_python_prints_them() {
    for (value, text) in printed() {
        assert_eq!(value.to_string(), text);
    }
}

#[test]
#[allow(clippy::excessive_precision)] // The last digits are what it is about.
fn a_tie_of_shortest_floats_prints_the_even_digit() {
    for (float, text) in [
        (1.000_038_146_972_656_25, "1.0000381469726562"),
        (-0.500_003_814_697_265_6, "-0.5000038146972656"),
        (1_125_899_906_842_624.25, "1125899906842624.2"),
        (1_125_899_906_842_624.75, "1125899906842624.8"),
        (
            f64::from_bits(0x3d30_0000_0000_0000),
            "5.684341886080802e-14",
        ),
        (9.5, "9.5"),
        (0.000_000_059_604_644_775_390_625, "5.960464477539063e-08"),
        (9_007_199_254_740_993.0, "9007199254740992.0"),
        (f64::from_bits(0x406a_6233_2550_0000), "211.06874337792397"),
        (f64::from_bits(0x41da_363a_02fd_aa10), "1759045643.9635048"),
        (f64::from_bits(0x41e8_12ed_f220_4800), "3231149969.008789"),
        (f64::from_bits(0x42bf_f4ee_fe8b_3b50), "35136842140475.312"),
        (f64::from_bits(0x430f_3c64_e64a_18c2), "1099016042005272.2"),
        (0.000_030_517_578_125, "3.0517578125e-05"),
    ] {
        assert_eq!(Value::from(float).to_string(), text);
    }
}

#[test]
fn printed_values_parse_as_themselves() {
    for (value, text) in printed() {
        assert_eq!(parse(text), value, "{text}");
    }
}

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
fn an_error_says_where_and_what_was_expected() {
    for (text, offset, message) in [
        ("", 0, "unexpected end of text: expected a value"),
        (" # nothing", 10, "unexpected end of text: expected a value"),
        ("[1, 2", 5, "unexpected end of text: expected `,` or `]`"),
        ("[1 2]", 3, "expected `,` or `]`, found '2'"),
        ("(1, }", 4, "expected a value, found '}'"),
        ("[,]", 1, "expected a value, found ','"),
        ("{1: 2, 3}", 8, "expected `:`, found '}'"),
        ("{1, 2: 3}", 5, "expected `,` or `}`, found ':'"),
        ("1 2", 2, "expected the end, found '2'"),
        ("1\n2", 2, "trailing text after the value"),
        ("'a'\n'b'", 4, "trailing text after the value"),
        ("1,\n2", 3, "trailing text after the value"),
        ("-'a'", 1, "expected a number, found '\\''"),
        ("--1", 1, "expected a number, found '-'"),
        (
            "1+2",
            1,
            "only a real and an imaginary part can be added, as in 1+2j",
        ),
        (
            "1j+2j",
            2,
            "only a real and an imaginary part can be added, as in 1+2j",
        ),
        ("[0x]", 1, "invalid number"),
        ("1__0", 0, "invalid number"),
        ("1_", 0, "invalid number"),
        ("1e", 0, "invalid number"),
        (".", 0, "invalid number"),
        ("._5", 0, "invalid number"),
        ("1_.5", 0, "invalid number"),
        ("1._5", 0, "invalid number"),
        ("1.5_", 0, "invalid number"),
        ("1__0.5", 0, "invalid number"),
        ("1.0__5", 0, "invalid number"),
        ("1__0e5", 0, "invalid number"),
        ("1e_5", 0, "invalid number"),
        ("1__0j", 0, "invalid number"),
        ("._j", 0, "invalid number"),
        ("0x_", 0, "invalid number"),
        ("0x1__0", 0, "invalid number"),
        ("1.2.3", 0, "invalid number"),
        ("5L", 0, "invalid number"),
        ("0b12", 0, "invalid number"),
        (
            "[007]",
            1,
            "integer with leading zeros: octal is written 0o17",
        ),
        ("'abc", 0, "unterminated string"),
        ("'a\nb'", 0, "unterminated string"),
        ("'''a'", 0, "unterminated string"),
        ("'a\\", 2, "unterminated string"),
        ("['\\x4']", 2, "invalid escape sequence"),
        ("'\\U00110000'", 1, "invalid escape sequence"),
        (
            "f'{1}'",
            0,
            "invalid string prefix: expected r, u, b, br or rb",
        ),
        (
            "b'a\u{e9}'",
            3,
            "non-ASCII character in bytes: write an escape, such as \\xff",
        ),
        ("['a' b'b']", 5, "text and bytes cannot be concatenated"),
        (
            "[{[]: 1}]",
            2,
            "unhashable dict key or set element (a list, dict or set): use a tuple or frozenset",
        ),
        (
            "set([[]])",
            0,
            "unhashable dict key or set element (a list, dict or set): use a tuple or frozenset",
        ),
        (
            "set(1)",
            0,
            "set(...) and frozenset(...) take one list, tuple or set",
        ),
        (
            "set([], [])",
            0,
            "set(...) and frozenset(...) take one list, tuple or set",
        ),
        (
            "Channel('a')",
            0,
            "Channel(...) takes one integer of 32 bits",
        ),
        ("Channel()", 0, "Channel(...) takes one integer of 32 bits"),
        (
            "Channel(2147483648)",
            0,
            "Channel(...) takes one integer of 32 bits",
        ),
        ("set", 3, "unexpected end of text: expected `(`"),
        (
            "1+inf",
            1,
            "only a real and an imaginary part can be added, as in 1+2j",
        ),
    ] {
        assert_eq!(error(text), (offset, message.into()), "{text}");
    }
    assert!(error("[nil]").1.starts_with("unknown name: expected None"));
    assert!(
        error("'\\ud83d\\ude00'")
            .1
            .starts_with("unpaired surrogate")
    );
    assert!(error("'\\N{BULLET}'").1.starts_with("named characters"));
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
        assert!(crate::dumps(&deepest).is_ok());
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
