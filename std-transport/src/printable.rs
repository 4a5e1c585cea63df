//! Makes the output of other programs safe for a terminal.

use execnet_core_sync::escaped;

/// Escapes everything that controls a terminal, except line ends and tabs. CR LF becomes LF: ssh ends its lines so.
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
