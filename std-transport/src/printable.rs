//! Text of others, made fit for a terminal.

use execnet_core_sync::controls_terminal;

/// Bytes as text in which nothing controls a terminal; line ends and tabs stay.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for character in String::from_utf8_lossy(bytes).chars() {
        match character {
            '\n' | '\t' => text.push(character),
            _ if controls_terminal(character) => text.extend(character.escape_default()),
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn terminal_controls_are_escaped() {
        assert_eq!(printable(b"a\x1b[2J\tb\r\nc"), "a\\u{1b}[2J\tb\\r\nc");
        assert_eq!(printable("h\u{e9}\u{9b}".as_bytes()), "h\u{e9}\\u{9b}");
        assert_eq!(printable("a\u{202e}b".as_bytes()), "a\\u{202e}b");
        assert_eq!(printable(b"\xff"), "\u{fffd}");
    }
}
