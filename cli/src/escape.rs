//! Text for a terminal: peer text without control characters, and paths.

use core::fmt::{Display, Write as _};

use execnet::controls_terminal;
pub(crate) use execnet::escaped;

/// [`escaped`] text without line ends, for a part of a line.
pub(crate) fn escaped_line(text: &str) -> String {
    escaped(text).replace('\n', "\\n")
}

/// A JSON document as [`escaped`] text. Such characters occur inside its strings only, so JSON's own escapes replace them.
pub(crate) fn escaped_json(document: &impl Display) -> String {
    let document = document.to_string();
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
    fn an_escaped_document_is_the_same_document() {
        let document = serde_json::json!({"k\u{9b}": "\u{1b}a\u{2028}\u{202e}ö"});
        let text = escaped_json(&document);
        assert!(text.chars().all(|c| !controls_terminal(c)), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            document
        );
    }
}
