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
fn of_two_shortest_texts_equally_near_the_even_one_is_printed() {
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
        (0.000_030_517_578_125, "3.0517578125e-05"),
    ] {
        assert_eq!(Value::from(float).to_string(), text);
    }
}

#[test]
fn what_was_printed_reads_back() {
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
    assert_eq!(parse(&format!("0x{}1", "0".repeat(1000))), Value::from(1));
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
fn an_error_says_where_and_what_is_due() {
    for (text, offset, message) in [
        ("", 0, "the text ends where a value is due"),
        (" # nothing", 10, "the text ends where a value is due"),
        ("[1, 2", 5, "the text ends where `,` or `]` is due"),
        ("[1 2]", 3, "'2' where `,` or `]` is due"),
        ("(1, }", 4, "'}' where a value is due"),
        ("[,]", 1, "',' where a value is due"),
        ("{1: 2, 3}", 8, "'}' where `:` is due"),
        ("{1, 2: 3}", 5, "':' where `,` or `}` is due"),
        ("1 2", 2, "'2' where the end is due"),
        ("1\n2", 2, "more text after the value"),
        ("'a'\n'b'", 4, "more text after the value"),
        ("1,\n2", 3, "more text after the value"),
        ("-'a'", 1, "'\\'' where a number is due"),
        ("--1", 1, "'-' where a number is due"),
        (
            "1+2",
            1,
            "only a real and an imaginary part add up, as in 1+2j",
        ),
        (
            "1j+2j",
            2,
            "only a real and an imaginary part add up, as in 1+2j",
        ),
        ("[0x]", 1, "not a number"),
        ("1__0", 0, "not a number"),
        ("1_", 0, "not a number"),
        ("1e", 0, "not a number"),
        (".", 0, "not a number"),
        ("1.2.3", 0, "not a number"),
        ("5L", 0, "not a number"),
        ("0b12", 0, "not a number"),
        (
            "[007]",
            1,
            "an integer with leading zeros: octal is written 0o17",
        ),
        ("'abc", 0, "a string without its closing quotes"),
        ("'a\nb'", 0, "a string without its closing quotes"),
        ("'''a'", 0, "a string without its closing quotes"),
        ("'a\\", 2, "a string without its closing quotes"),
        (
            "['\\x4']",
            2,
            "an escape that is cut short or names no character",
        ),
        (
            "'\\U00110000'",
            1,
            "an escape that is cut short or names no character",
        ),
        (
            "f'{1}'",
            0,
            "no prefix of a string: those are r, u, b, br and rb",
        ),
        (
            "b'a\u{e9}'",
            3,
            "bytes other than ASCII are written as escapes, such as \\xff",
        ),
        ("['a' b'b']", 5, "text and bytes side by side do not join"),
        (
            "[{[]: 1}]",
            2,
            "a list, dict or set as dict key or set element: use a tuple or frozenset",
        ),
        (
            "set([[]])",
            0,
            "a list, dict or set as dict key or set element: use a tuple or frozenset",
        ),
        (
            "set(1)",
            0,
            "set(...) and frozenset(...) take a list, tuple or set",
        ),
        (
            "set([], [])",
            0,
            "set(...) and frozenset(...) take a list, tuple or set",
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
        ("set", 3, "the text ends where `(` is due"),
        (
            "1+inf",
            1,
            "only a real and an imaginary part add up, as in 1+2j",
        ),
    ] {
        assert_eq!(error(text), (offset, message.into()), "{text}");
    }
    assert!(error("[nil]").1.starts_with("not a name of literals"));
    assert!(
        error("'\\ud83d\\ude00'")
            .1
            .starts_with("half a surrogate pair")
    );
    assert!(error("'\\N{BULLET}'").1.starts_with("characters by name"));
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
