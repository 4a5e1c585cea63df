//! The vectors that live peers wrote.

use serde_json::Value as Json;

/// The entries of a file under `tests/vectors`.
pub(crate) fn entries(file: &str) -> Vec<Json> {
    let path = format!("{}/tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A member that is text.
pub(crate) fn text<'a>(entry: &'a Json, key: &str) -> &'a str {
    entry[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key}: {entry}"))
}

/// The bytes of a hexadecimal text.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let (pairs, odd) = hex.as_bytes().as_chunks::<2>();
    assert_eq!(odd, b"", "half a byte in {hex}");
    let byte = |pair: &[u8; 2]| {
        let digits = core::str::from_utf8(pair).ok();
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.unwrap_or_else(|| panic!("{pair:?} in {hex}"))
    };
    pairs.iter().map(byte).collect()
}

/// What Python printed, as this crate writes it.
pub(crate) fn literal(printed: &str) -> String {
    printed
        .replace("<Channel id=", "Channel(")
        .replace(" open>", ")")
}
