//! The names that Windows has.

/// The names of devices, in every directory, whatever follows after a dot.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Why no file on Windows can have this name, if none can.
///
/// Windows itself takes some of these names for others, such as that of a device, of a stream of another file, or the
/// name without the dots at its end.
pub(super) fn refusal(name: &[u8]) -> Option<&'static str> {
    let Ok(name) = core::str::from_utf8(name) else {
        return Some("Windows has no name that is not Unicode");
    };
    if name.contains(is_refused) {
        return Some("Windows has no name with one of < > : \" / \\ | ? * or a control character");
    }
    if name.ends_with(['.', ' ']) {
        return Some("Windows has no name that ends with a dot or a space");
    }
    is_device(name).then_some("Windows has a device of this name")
}

/// What is the same for all names that Windows takes for the same.
pub(super) fn folded(name: &str) -> String {
    let fold = |char: char| {
        // A character that becomes several is different in Windows.
        let mut upper = char.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(upper), None) => upper,
            _ => char,
        }
    };
    name.chars().map(fold).collect()
}

const fn is_refused(char: char) -> bool {
    matches!(
        char,
        '\0'..='\x1f' | '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*'
    )
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end_matches(' ').to_ascii_uppercase();
    if DEVICES.contains(&&*stem) {
        return true;
    }
    let port = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    let mut number = port.unwrap_or_default().chars();
    let digit = |char| matches!(char, '0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}');
    number.next().is_some_and(digit) && number.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_windows_cannot_have_are_refused_with_the_reason() {
        for (name, part) in [
            (&b"CON"[..], "device"),
            (b"nul", "device"),
            (b"Aux.txt", "device"),
            (b"prn.tar.gz", "device"),
            (b"con .txt", "device"),
            (b"COM1", "device"),
            (b"lpt9.x", "device"),
            ("COM\u{b9}".as_bytes(), "device"),
            (b"conin$", "device"),
            (b"a:b", "control character"),
            (b"a\\b", "control character"),
            (b"a\nb", "control character"),
            (b"a\x1f", "control character"),
            (b"what?", "control character"),
            (b"*", "control character"),
            (b"<a>", "control character"),
            (b"\"", "control character"),
            (b"a|b", "control character"),
            (b"a.", "dot or a space"),
            (b"a ", "dot or a space"),
            (b"...", "dot or a space"),
            (b" ", "dot or a space"),
            (b"a\xff", "Unicode"),
            (b"\xed\xa0\x80", "Unicode"),
        ] {
            let reason = refusal(name);
            assert!(
                reason.is_some_and(|reason| reason.contains(part)),
                "{name:?}: {reason:?}"
            );
        }
    }

    #[test]
    fn other_names_are_taken() {
        for name in [
            "a",
            ".a",
            "a.b",
            " a",
            "a b",
            "CONSOLE",
            "com",
            "com0a",
            "COM10",
            "nul-1",
            "xcon",
            "lpt",
            "\u{e4}",
            "\u{1f600}",
            "~",
            "$",
            "a'b",
            "\u{7f}",
        ] {
            assert_eq!(refusal(name.as_bytes()), None, "{name:?}");
        }
    }

    #[test]
    fn names_that_differ_in_case_alone_are_the_same() {
        assert_eq!(folded("ReadMe.TXT"), folded("README.txt"));
        assert_eq!(folded("\u{c4}"), folded("\u{e4}"));
        assert_ne!(folded("a"), folded("b"));
        // Windows does not take this for `SS`.
        assert_eq!(folded("\u{df}"), "\u{df}");
    }
}
