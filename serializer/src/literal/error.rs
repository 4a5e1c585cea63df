//! [`ParseLiteralError`]: a text that is not a literal of a value.

use core::fmt;

/// The text is not a literal of a value.
///
/// [`offset`](Self::offset) is the position of the error; the message names
/// what was found and what was expected.
///
/// ```
/// use execnet_serializer::Value;
/// let error = "[1, 2".parse::<Value>().unwrap_err();
/// assert_eq!(error.offset(), 5);
/// assert_eq!(error.to_string(), "byte 5: unexpected end of text: expected `,` or `]`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseLiteralError {
    kind: ParseLiteralErrorKind,
    offset: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ParseLiteralErrorKind {
    /// Something else was found, or `None` at the end of the text.
    Expected {
        expected: &'static str,
        found: Option<char>,
    },
    UnknownName,
    Number,
    LeadingZero,
    RadixTooLong(usize),
    Sum,
    ChannelId,
    Prefix,
    Unterminated,
    Escape,
    NamedEscape,
    Surrogate,
    NotAscii,
    MixedStrings,
    NotItems,
    Unhashable,
    Depth(u16),
    Trailing,
}

impl ParseLiteralError {
    #[cold]
    pub(super) const fn new(kind: ParseLiteralErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// The offset in the text at which the offending part starts, in bytes; the
    /// length of the text if it ends too early.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// Nested deeper than [`Limits::MAX_DEPTH`](crate::Limits::MAX_DEPTH).
    #[must_use]
    pub const fn is_depth(&self) -> bool {
        matches!(self.kind, ParseLiteralErrorKind::Depth(_))
    }
}

impl fmt::Display for ParseLiteralError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: {}", self.offset, self.kind)
    }
}

impl fmt::Display for ParseLiteralErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expected {
                expected,
                found: None,
            } => return write!(f, "unexpected end of text: expected {expected}"),
            Self::Expected {
                expected,
                found: Some(found),
            } => return write!(f, "expected {expected}, found {found:?}"),
            Self::RadixTooLong(digits) => {
                return write!(
                    f,
                    "more than {digits} hexadecimal, octal or binary digits: write the integer in decimal"
                );
            }
            Self::Depth(limit) => return write!(f, "nesting exceeds the limit of {limit} containers"),
            Self::UnknownName => {
                "unknown name: expected None, True, False, inf, nan, set(...), frozenset(...) or Channel(...); text needs quotes"
            }
            Self::Number => "invalid number",
            Self::LeadingZero => "integer with leading zeros: octal is written 0o17",
            Self::Sum => "only a real and an imaginary part can be added, as in 1+2j",
            Self::ChannelId => "Channel(...) takes one integer of 32 bits",
            Self::Prefix => "invalid string prefix: expected r, u, b, br or rb",
            Self::Unterminated => "unterminated string",
            Self::Escape => "invalid escape sequence",
            Self::NamedEscape => {
                "named characters (\\N{...}) are not supported: write the character, or \\uXXXX"
            }
            Self::Surrogate => {
                "unpaired surrogate: write the whole character, as \\UXXXXXXXX"
            }
            Self::NotAscii => "non-ASCII character in bytes: write an escape, such as \\xff",
            Self::MixedStrings => "text and bytes cannot be concatenated",
            Self::NotItems => "set(...) and frozenset(...) take one list, tuple or set",
            Self::Unhashable => {
                "unhashable dict key or set element (a list, dict or set): use a tuple or frozenset"
            }
            Self::Trailing => "trailing text after the value",
        })
    }
}

impl core::error::Error for ParseLiteralError {}
