//! Text of a peer, made harmless for a terminal.

use core::fmt::Write as _;

use execnet::controls_terminal;
pub(crate) use execnet::escaped;

/// As [`escaped`], for a JSON document, in which such characters stand inside strings only: its own escapes are used.
pub(crate) fn escaped_json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    for c in document.chars() {
        if controls_terminal(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_json() {
        let document = serde_json::json!({"k\u{9b}": "\u{1b}a\u{2028}\u{202e}ö"});
        let text = escaped_json(&document.to_string());
        assert!(text.chars().all(|c| !controls_terminal(c)), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            document
        );
    }
}
