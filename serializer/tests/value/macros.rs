//! Values written out in Rust source by `value!`.

use execnet_serializer::{Bytes, ChannelId, Dict, Value, value};

#[track_caller]
fn same(value: Value, literal: &str) {
    assert_eq!(value.to_string(), literal);
}

#[test]
fn python_notation_makes_the_same_value() {
    same(value!(None), "None");
    same(value!(42), "42");
    same(value!(-1.5), "-1.5");
    same(value!("x"), "'x'");
    same(value!([]), "[]");
    same(
        value!([1, [None], (2,), {}, "x",]),
        "[1, [None], (2,), {}, 'x']",
    );
    same(value!(()), "()");
    same(value!((1,)), "(1,)");
    same(value!((1, "x")), "(1, 'x')");
    same(value!({}), "{}");
    same(value!({"k": 1, 2: None,}), "{'k': 1, 2: None}");
    same(value!({-1: {(1, 2): [3]}}), "{-1: {(1, 2): [3]}}");
    same(value!({frozenset {1}: set {}}), "{frozenset({1}): set()}");
    same(value!(set {1, (2, None), 1}), "{1, (2, None)}");
    same(value!(frozenset {}), "frozenset()");
    same(value!(([1])), "[1]");
}

#[test]
fn expressions_are_taken_whole() {
    let (a, text) = (2, "x");
    same(value!([(a + 1) * 2, [1, 2].len(), a]), "[6, 2, 2]");
    same(value!({text.len() + 1: Some(text)}), "{2: 'x'}");
    same(value!({(text): i64::from(a)}), "{'x': 2}");
    same(
        value!([Option::<i32>::None, Vec::<u8>::new(), ()]),
        "[None, [], ()]",
    );
    same(value!((Bytes(b"a"), ChannelId(1))), "(b'a', Channel(1))");
    let inner = value!([1]);
    same(value!({"inner": inner}), "{'inner': [1]}");
}

#[test]
fn a_hundred_items_and_fifty_pairs_are_within_the_usual_recursion_limit() {
    let list = value!([
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9
    ]);
    assert_eq!(list.as_slice().map(<[Value]>::len), Some(100));
    let dict = value!({
        0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0, 9: 0, 10: 0, 11: 0, 12: 0,
        13: 0, 14: 0, 15: 0, 16: 0, 17: 0, 18: 0, 19: 0, 20: 0, 21: 0, 22: 0, 23: 0, 24: 0,
        25: 0, 26: 0, 27: 0, 28: 0, 29: 0, 30: 0, 31: 0, 32: 0, 33: 0, 34: 0, 35: 0, 36: 0,
        37: 0, 38: 0, 39: 0, 40: 0, 41: 0, 42: 0, 43: 0, 44: 0, 45: 0, 46: 0, 47: 0, 48: 0,
        49: 0
    });
    assert_eq!(dict.as_dict().map(Dict::len), Some(50));
}
