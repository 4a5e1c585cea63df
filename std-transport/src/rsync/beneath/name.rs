//! A checked name of an entry: one component of a path.

use core::error::Error;
use core::fmt;

use execnet_core_sync::controls_terminal;

/// One component of a path, from a peer or a directory: never empty, `.` or `..`, and without a separator or NUL.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name<'a>(&'a [u8]);

impl<'a> Name<'a> {
    /// Maximum length in bytes on common file systems.
    pub(crate) const MAX: usize = 255;

    /// # Errors
    /// The bytes are not one component of a path.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, NameError> {
        match bytes {
            b"" => Err(NameError::Empty),
            b"." | b".." => Err(NameError::Dots),
            _ if bytes.len() > Self::MAX => Err(NameError::TooLong(bytes.len())),
            _ if bytes.contains(&b'/') => Err(NameError::Separator),
            _ if bytes.contains(&0) => Err(NameError::Nul),
            _ => Ok(Self(bytes)),
        }
    }

    pub(crate) const fn as_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Without quotes and control characters, for messages.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped(self.0))
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Bytes of a peer for a message: everything but printable text is escaped.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for char in chunk.valid().chars() {
                match char {
                    '\\' => f.write_str("\\\\")?,
                    _ if controls_terminal(char) => write!(f, "{}", char.escape_default())?,
                    _ => write!(f, "{char}")?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Why bytes are not the name of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameError {
    Empty,
    Dots,
    Separator,
    Nul,
    TooLong(usize),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty name"),
            Self::Dots => f.write_str("a name that is . or .."),
            Self::Separator => f.write_str("a name with a separator in it"),
            Self::Nul => f.write_str("a name with a NUL in it"),
            Self::TooLong(len) => write!(f, "a name of {len} bytes, more than {}", Name::MAX),
        }
    }
}

impl Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_components_are_names() {
        for (bytes, error) in [
            (&b""[..], NameError::Empty),
            (b".", NameError::Dots),
            (b"..", NameError::Dots),
            (b"a/b", NameError::Separator),
            (b"/", NameError::Separator),
            (b"../x", NameError::Separator),
            (b"a\0", NameError::Nul),
            (&[b'x'; 256], NameError::TooLong(256)),
        ] {
            assert_eq!(Name::new(bytes), Err(error), "{bytes:?}");
        }
        for bytes in [
            &b"a"[..],
            b"...",
            b" ",
            b"\xff\xfe",
            b"-rf",
            b"a\\b",
            &[b'x'; 255],
        ] {
            assert_eq!(Name::new(bytes).map(Name::as_bytes), Ok(bytes));
        }
    }

    #[test]
    fn names_are_escaped_for_display() {
        let shown = |bytes| Name::new(bytes).unwrap().to_string();
        assert_eq!(shown("straße".as_bytes()), "straße");
        assert_eq!(shown(b"\x1b[31mred\n"), "\\u{1b}[31mred\\n");
        assert_eq!(shown(b"\xff\\"), "\\xff\\\\");
        assert_eq!(shown("a\u{202e}b".as_bytes()), "a\\u{202e}b");
        assert_eq!(format!("{:?}", Name::new(b"a\n").unwrap()), "a\\n");
    }

    #[test]
    fn the_error_says_why_a_name_is_refused() {
        for (error, text) in [
            (NameError::Empty, "an empty name"),
            (NameError::Dots, "a name that is . or .."),
            (NameError::Separator, "a name with a separator in it"),
            (NameError::Nul, "a name with a NUL in it"),
            (
                NameError::TooLong(256),
                "a name of 256 bytes, more than 255",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }
}
