//! What live Python peers wrote, read and written again.

#![cfg(feature = "literal")]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

#[path = "common/vectors.rs"]
mod vectors;

use execnet_serializer::{DumpOptions, LoadOptions, StrConfig, Value, dumps, loads};
use serde_json::Value as Json;

/// The values, without version byte.
fn written() -> impl Iterator<Item = Json> {
    let entries = vectors::entries("vectors.json").into_iter();
    entries.filter(|entry| entry["kind"] == "value" && entry["hex"].is_string())
}

/// What a vector's bytes load as, in this crate's notation.
fn expected(entry: &Json) -> String {
    let name = vectors::text(entry, "name");
    if let Some((_, literal)) = SPELLED.iter().find(|(spelled, _)| *spelled == name) {
        return (*literal).into();
    }
    match name {
        "list/300_ints" => format!("[{}]", numbers()),
        "tuple/300" => format!("({})", numbers()),
        "deep/list_50" => nested("[", "[]", "]", 50),
        "deep/list_300" => nested("[", "[]", "]", 300),
        "deep/dict_50" => nested("{'k': ", "{}", "}", 50),
        "deep/frozenset_50" => nested("frozenset({", "frozenset()", "})", 50),
        _ => {
            let loaded = entry["loads_repr"].as_str();
            let printed = loaded.unwrap_or_else(|| vectors::text(entry, "repr"));
            canonical(&vectors::literal(printed))
        }
    }
}

/// What is spelled as an expression, or as Python 2 spells it.
const SPELLED: &[(&str, &str)] = &[
    ("py2/int_2p31m1", "2147483647"),
    ("py2/int_neg_2p31", "-2147483648"),
    ("py2/int_2p40", "1099511627776"),
    ("py2/long_1", "1"),
    ("py2/long_neg1", "-1"),
    ("py2/long_2p31", "2147483648"),
    ("py2/long_neg_2p31", "-2147483648"),
    ("py2/long_2p64", "18446744073709551616"),
    ("py2/long_big", "9223372036854775807324234"),
    (
        "py2/list_longs",
        "[1, 1099511627776, 1208925819614629174706176]",
    ),
    ("py2/dict_unicode_key", "{'a': 1}"),
    ("py2/frozenset_long", "frozenset({5})"),
    ("versioned/big", "1099511627776"),
    ("py2/versioned_long", "5"),
    // Python 2 keeps an astral character as two halves.
    ("py2/unicode_pair", "'😀'"),
];

/// What this crate prints for a literal; of an expression that repeats text,
/// for its result.
fn canonical(literal: &str) -> String {
    if literal == "'a'*300" {
        return format!("'{}'", "a".repeat(300));
    }
    let value: Result<Value, _> = literal.parse();
    value
        .unwrap_or_else(|error| panic!("{literal}: {error}"))
        .to_string()
}

fn numbers() -> String {
    Vec::from_iter((0..300).map(|n| n.to_string())).join(", ")
}

fn nested(open: &str, inner: &str, close: &str, depth: usize) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// What Python 2 writes for a lone surrogate is no UTF-8.
fn is_surrogate(entry: &Json) -> bool {
    vectors::text(entry, "name").ends_with("_surrogate")
}

#[test]
fn dumps_of_peers_load_as_the_original_values() {
    let mut seen = 0;
    for entry in written().filter(|entry| !is_surrogate(entry)) {
        let value = LoadOptions::wire().loads(&vectors::bytes(vectors::text(&entry, "hex")));
        let value = value.unwrap_or_else(|error| panic!("{error}: {entry}"));
        assert_eq!(value.to_string(), expected(&entry), "{entry}");
        seen += 1;
    }
    assert!(seen > 140, "only {seen} vectors");
}

#[test]
fn values_print_as_python_printed_them() {
    let mut seen = 0;
    for entry in written() {
        let Some(printed) = entry["loads_repr"].as_str() else {
            continue;
        };
        if printed.ends_with("...") {
            continue;
        }
        let value = LoadOptions::wire()
            .loads(&vectors::bytes(vectors::text(&entry, "hex")))
            .unwrap();
        assert_eq!(value.to_string(), vectors::literal(printed), "{entry}");
        seen += 1;
    }
    assert!(seen > 90, "only {seen} vectors");
}

/// Classes of a user's that are called `long`: values have no such type.
const OTHER_OPCODE: [&str; 2] = ["odd/class_named_long", "odd/class_named_long_big"];

#[test]
fn values_are_written_as_python_3_writes_them() {
    let mut seen = 0;
    for entry in written() {
        let python_3 = vectors::text(&entry, "python").starts_with("3.");
        if !python_3 || OTHER_OPCODE.contains(&vectors::text(&entry, "name")) {
            continue;
        }
        let bytes = vectors::bytes(vectors::text(&entry, "hex"));
        let value = LoadOptions::wire().loads(&bytes).unwrap();
        assert_eq!(DumpOptions::wire().dumps(&value), Ok(bytes), "{entry}");
        seen += 1;
    }
    assert!(seen > 100, "only {seen} vectors");
}

#[test]
fn dumps_of_python_2_survive_a_second_round_trip() {
    for entry in written().filter(|entry| !is_surrogate(entry)) {
        let value = LoadOptions::wire()
            .loads(&vectors::bytes(vectors::text(&entry, "hex")))
            .unwrap();
        let again = DumpOptions::wire().dumps(&value).unwrap();
        assert_eq!(LoadOptions::wire().loads(&again), Ok(value), "{entry}");
    }
}

#[test]
fn lone_surrogates_of_python_2_are_refused_as_python_3_refuses_them() {
    let surrogates = Vec::from_iter(written().filter(is_surrogate));
    assert_eq!(surrogates.len(), 2);
    for entry in surrogates {
        let error = LoadOptions::wire()
            .loads(&vectors::bytes(vectors::text(&entry, "hex")))
            .unwrap_err();
        assert!(error.is_utf8(), "{entry}");
    }
}

#[test]
fn stored_values_carry_their_version() {
    let mut versions = [0, 0];
    for entry in vectors::entries("vectors.json") {
        if entry["kind"] != "value_versioned" {
            continue;
        }
        let bytes = vectors::bytes(vectors::text(&entry, "hex"));
        let value: Value = expected(&entry).parse().unwrap();
        assert_eq!(loads(&bytes).as_ref(), Ok(&value), "{entry}");
        if bytes[0] == 2 {
            versions[1] += 1;
            assert_eq!(dumps(&value), Ok(bytes), "{entry}");
        } else {
            versions[0] += 1;
        }
    }
    assert_eq!(versions, [6, 6]);
}

/// Both switches, the three opcodes they concern and the one they do not, with
/// bytes that Python 2.7 and 3 wrote.
#[test]
fn strings_read_by_both_switches() {
    for (name, by_switches) in [
        // Off, the first on, the second on, both on.
        (
            "py2/str_high",
            [r"b'\x80\xff'", r"'\x80ÿ'", r"b'\x80\xff'", r"'\x80ÿ'"],
        ),
        (
            "py2/str_utf8_bytes",
            [
                r"b'\xe2\x82\xac'",
                r"'â\x82¬'",
                r"b'\xe2\x82\xac'",
                r"'â\x82¬'",
            ],
        ),
        ("str/cjk", ["'你好'", "'你好'", CJK_BYTES, CJK_BYTES]),
        ("py2/unicode_euro", ["'€'"; 4]),
        ("bytes/high", [r"b'\x80\xff'"; 4]),
        (
            "py2/dict_str_key",
            ["{b'a': 1}", "{'a': 1}", "{b'a': 1}", "{'a': 1}"],
        ),
    ] {
        let entry = written().find(|entry| entry["name"] == name).unwrap();
        let bytes = vectors::bytes(vectors::text(&entry, "hex"));
        let switches = [(false, false), (true, false), (false, true), (true, true)];
        for ((py2str_as_py3str, py3str_as_py2str), literal) in switches.into_iter().zip(by_switches)
        {
            let options = LoadOptions::wire().with_strings(StrConfig {
                py2str_as_py3str,
                py3str_as_py2str,
            });
            let value = options.loads(&bytes).unwrap();
            assert_eq!(value.to_string(), literal, "{name}");
        }
    }
}

const CJK_BYTES: &str = r"b'\xe4\xbd\xa0\xe5\xa5\xbd'";

/// What is done here with a value that the peer refused to write.
enum Ours {
    /// It is written, and reads back.
    Written(String),
    /// Refused as too deep.
    TooDeep(String),
    /// No value can be it.
    NoValue,
}

fn ours(name: &str) -> Ours {
    match name {
        "int/neg_2p31m1" => Ours::Written("-2147483649".into()),
        "int/neg_2p63" => Ours::Written("-9223372036854775808".into()),
        "int/neg_big" => Ours::Written(format!("-1{}", "0".repeat(30))),
        "int/4301_digits" => Ours::Written(format!("1{}", "0".repeat(4300))),
        "deep/list_2000" => Ours::TooDeep(nested("[", "[]", "]", 1999)),
        // Half a character is none in Rust; a value holds no reference to
        // itself; the rest are types that the format does not have.
        "recursive_list" => Ours::NoValue,
        _ if name.starts_with("str/") || name.starts_with("py2/unsupported") => Ours::NoValue,
        _ if name.starts_with("unsupported/") => Ours::NoValue,
        _ => panic!("{name}: what is done here?"),
    }
}

#[test]
fn values_that_peers_refuse_to_write_have_a_documented_rule() {
    let mut refused = 0;
    for entry in vectors::entries("vectors.json") {
        if entry["kind"] != "value" || entry["hex"].is_string() {
            continue;
        }
        refused += 1;
        match ours(vectors::text(&entry, "name")) {
            Ours::Written(literal) => {
                let value: Value = literal.parse().unwrap();
                let bytes = DumpOptions::wire().dumps(&value).unwrap();
                assert_eq!(LoadOptions::wire().loads(&bytes), Ok(value));
            }
            Ours::TooDeep(literal) => {
                assert!(literal.parse::<Value>().unwrap_err().is_depth());
                let deep = (0..1999).fold(Value::from([0; 0]), |inner, _| Value::from([inner]));
                assert!(DumpOptions::wire().dumps(&deep).unwrap_err().is_depth());
            }
            Ours::NoValue => {}
        }
    }
    assert_eq!(refused, 27);
}
