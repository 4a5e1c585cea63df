//! Text of a peer, made harmless for a terminal.

use core::fmt::Write as _;

use execnet::controls_terminal;

/// The text with every character that could move a terminal's cursor, change its state or reorder
/// its line written as an escape. Line feeds and tabs stay: tracebacks are made of them.
pub(crate) fn escaped(text: &str) -> String {
    rewritten(
        text,
        |c| !matches!(c, '\n' | '\t') && controls_terminal(c),
        |out, c| {
            out.extend(c.escape_unicode());
        },
    )
}

/// The same for a JSON document, in which such characters stand inside strings only: its own
/// escapes are used.
pub(crate) fn escaped_json(document: &str) -> String {
    rewritten(document, controls_terminal, |out, c| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    })
}

fn rewritten(
    text: &str,
    hit: impl Fn(char) -> bool,
    replace: impl Fn(&mut String, char),
) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if hit(c) {
            replace(&mut out, c);
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
    fn a_traceback_keeps_its_lines() {
        assert_eq!(escaped("Error:\n\tö 中"), "Error:\n\tö 中");
    }

    #[test]
    fn terminal_sequences_are_shown_not_obeyed() {
        assert_eq!(
            escaped("\u{1b}[2J\r\u{9b}1m\u{7f}\u{202e}"),
            r"\u{1b}[2J\u{d}\u{9b}1m\u{7f}\u{202e}"
        );
    }

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
