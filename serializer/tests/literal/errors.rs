//! The position and the text of errors.

use super::*;

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
