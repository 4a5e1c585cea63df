//! Each kind of value as JSON, and the errors of JSON that is no value.

use serde_json::json;

use execnet_serializer::json::{from_json, to_exact_json, to_json};
use execnet_serializer::{Limits, Value};

fn literal(text: &str) -> Value {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn each_kind_has_its_json() {
    for (text, json) in [
        ("[None, True, False]", json!([null, true, false])),
        (
            "[-9223372036854775808, 18446744073709551615]",
            json!([i64::MIN, u64::MAX]),
        ),
        (
            "18446744073709551616",
            json!({"$int": "18446744073709551616"}),
        ),
        ("[1.0, -0.0, 1e300]", json!([1.0, -0.0, 1e300])),
        (
            "[inf, -inf, nan]",
            json!([{"$float": "inf"}, {"$float": "-inf"}, {"$float": "nan"}]),
        ),
        ("(1-2j)", json!({"$complex": [1.0, -2.0]})),
        ("(-0+nanj)", json!({"$complex": [-0.0, {"$float": "nan"}]})),
        ("b'hi\\xff'", json!({"$bytes": "aGn/"})),
        ("{'a': 1, '$set': 2}", json!({"a": 1, "$set": 2})),
        ("{}", json!({})),
        (
            "{1: 'one', 'a': []}",
            json!({"$dict": [[1, "one"], ["a", []]]}),
        ),
        ("{'$set': [1]}", json!({"$dict": [["$set", [1]]]})),
        ("{'$ref': 1}", json!({"$ref": 1})),
        ("{1, b'a'}", json!({"$set": [1, {"$bytes": "YQ=="}]})),
        (
            "frozenset({frozenset()})",
            json!({"$frozenset": [{"$frozenset": []}]}),
        ),
        ("Channel(-3)", json!({"$channel": -3})),
    ] {
        let value = literal(text);
        assert_eq!(to_json(&value), json, "{text}");
        assert_eq!(to_exact_json(&value), json, "{text}");
        assert_eq!(from_json(json), Ok(value), "{text}");
    }
}

#[test]
fn the_negative_zero_is_a_float() {
    for text in ["-0", "-0.0", "-0e1"] {
        let json = serde_json::from_str(text).unwrap();
        assert_eq!(from_json(json), Ok(Value::Float(-0.0)), "{text}");
    }
    assert_eq!(from_json(json!(0)), Ok(Value::from(0)));
}

#[test]
fn tuples_are_arrays_or_exact() {
    let value = literal("[(), (1, (2,)), {(3,): {(4,)}}]");
    let plain = json!([[], [1, [2]], {"$dict": [[[3], {"$set": [[4]]}]]}]);
    assert_eq!(to_json(&value), plain);
    assert_eq!(
        from_json(plain),
        Ok(literal("[[], [1, [2]], {(3,): {(4,)}}]"))
    );
    assert_eq!(from_json(to_exact_json(&value)), Ok(value));
}

#[test]
fn whole_floats_stay_floats_in_the_text() {
    let value = literal("[1.0, -0.0, 1e16, 1]");
    let text = to_json(&value).to_string();
    assert!(text.starts_with("[1.0,-0.0,1e"), "{text}");
    assert_eq!(from_json(text.parse().unwrap()), Ok(value));
}

#[test]
fn an_error_has_its_position_and_what_was_expected() {
    for (json, message) in [
        (
            json!({"$int": 5}),
            "/$int: expected the text of a decimal integer",
        ),
        (
            json!([{"$int": "5L"}]),
            "/0/$int: expected the text of a decimal integer",
        ),
        (
            json!({"a/b": {"$bytes": "a"}}),
            "/a~1b/$bytes: expected base64 text with padding",
        ),
        (
            json!({"$float": "1"}),
            "/$float: expected \"inf\", \"-inf\" or \"nan\"",
        ),
        (
            json!({"$complex": [1]}),
            "/$complex: expected an array of two floats",
        ),
        (
            json!({"$complex": [1, "x"]}),
            "/$complex: expected an array of two floats",
        ),
        (json!({"$tuple": 1}), "/$tuple: expected an array"),
        (
            json!({"$dict": [[1, 2], [3]]}),
            "/$dict/1: expected an array of a key and its value",
        ),
        (
            json!({"$channel": 2_147_483_648_u32}),
            "/$channel: expected an integer of 32 bits",
        ),
        (
            json!({"$dict": [[{"\n": 1}, 2]]}),
            "/$dict/0/0: a list, dict or set as dict key or set element: use a tuple or frozenset",
        ),
        (
            json!({"$set": [1, {"$set": []}]}),
            "/$set/1/$set: a list, dict or set as dict key or set element: use a tuple or frozenset",
        ),
        (
            json!({"\u{1b}": {"$int": ""}}),
            "/\\u{1b}/$int: expected the text of a decimal integer",
        ),
    ] {
        assert_eq!(
            from_json(json.clone()).unwrap_err().to_string(),
            message,
            "{json}"
        );
    }
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |depth| (1..depth).fold(json!([]), |inner, _| json!([inner]));
    let limit = usize::from(Limits::MAX_DEPTH);
    let deepest = from_json(nested(limit)).unwrap();
    assert_eq!(to_json(&deepest), nested(limit));
    let error = from_json(nested(limit + 1)).unwrap_err();
    assert_eq!(
        error.pointer(),
        Vec::from_iter((0..limit).map(|_| "/0")).concat()
    );
}
