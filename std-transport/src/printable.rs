//! Text of others, made fit for a terminal.

use execnet_core_sync::escaped;

/// The output of a program as text in which nothing controls a terminal; line ends and tabs stay. ssh ends its lines with
/// CR LF.
pub(crate) fn printable(bytes: &[u8]) -> String {
    escaped(&String::from_utf8_lossy(bytes).replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn terminal_controls_are_escaped() {
        assert_eq!(printable(b"a\x1b[2J\tb\r\nc"), "a\\u{1b}[2J\tb\nc");
        assert_eq!(printable("h\u{e9}\u{9b}".as_bytes()), "h\u{e9}\\u{9b}");
        assert_eq!(printable("a\u{202e}b".as_bytes()), "a\\u{202e}b");
        assert_eq!(printable(b"\xff"), "\u{fffd}");
    }
}
