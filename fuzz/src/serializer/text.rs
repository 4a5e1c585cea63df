//! Text forms of values.

use execnet_serializer::json::{from_json, to_exact_json, to_json};
use execnet_serializer::{DumpOptions, LoadOptions, Value};

/// What any text parses as, and what any bytes load as, prints and parses as itself, and shows no
/// control character to a terminal. An error names a place inside the text.
pub fn literal(input: &[u8]) {
    if let Ok(text) = core::str::from_utf8(input) {
        match text.parse::<Value>() {
            Ok(value) => {
                DumpOptions::wire()
                    .dumps(&value)
                    .expect("what was parsed can be dumped");
                prints_and_parses(&value);
            }
            Err(error) => assert!(text.is_char_boundary(error.offset()), "{error}"),
        }
    }
    if let Ok(value) = LoadOptions::wire().loads(input) {
        prints_and_parses(&value);
    }
}

fn prints_and_parses(value: &Value) {
    let text = value.to_string();
    assert!(!text.chars().any(char::is_control), "{text:?}");
    let parsed: Value = text.parse().expect("what was printed can be parsed");
    assert_eq!(parsed.to_string(), text);
    // Of a NaN, sign and payload are not printed.
    if !text.contains("nan") {
        assert_eq!(parsed, *value);
    }
}

/// Any value comes back from its exact JSON, and the plain one stays what it is; any JSON is
/// refused or makes a value that comes back.
pub fn json(input: &[u8]) {
    if let Ok(value) = LoadOptions::wire().loads(input) {
        let read = from_json(to_exact_json(&value)).expect("exact JSON is a value");
        // Of a NaN, sign and payload are not written.
        if !value.to_string().contains("nan") {
            assert_eq!(read, value);
        }
        let plain = to_json(&value);
        let read = from_json(plain.clone()).expect("plain JSON is a value");
        assert_eq!(to_json(&read), plain);
    }
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(input)
        && let Ok(value) = from_json(json)
    {
        DumpOptions::wire()
            .dumps(&value)
            .expect("what came from JSON can be dumped");
        let again = from_json(to_exact_json(&value)).expect("exact JSON is a value");
        assert_eq!(again, value);
    }
}
