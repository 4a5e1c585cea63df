//! What can be wrong with a literal.

use core::fmt;

/// Text that is no literal of the format.
///
/// [`offset`](Self::offset) says where, the message what is wrong there and
/// what would be right.
///
/// ```
/// use execnet_serializer::Value;
/// let error = "[1, 2".parse::<Value>().unwrap_err();
/// assert_eq!(error.offset(), 5);
/// assert_eq!(error.to_string(), "byte 5: the text ends where `,` or `]` is due");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseLiteralError {
    kind: ParseLiteralErrorKind,
    offset: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ParseLiteralErrorKind {
    /// Not what is due here; `None` where the text ends.
    Expected {
        due: &'static str,
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

    /// Where in the text the offending part starts, in bytes; the length of
    /// the text where it ends too early.
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
            Self::Expected { due, found: None } => {
                return write!(f, "the text ends where {due} is due");
            }
            Self::Expected {
                due,
                found: Some(found),
            } => return write!(f, "{found:?} where {due} is due"),
            Self::RadixTooLong(digits) => {
                return write!(
                    f,
                    "more than {digits} hexadecimal, octal or binary digits: write the integer in decimal"
                );
            }
            Self::Depth(limit) => return write!(f, "nested deeper than {limit} containers"),
            Self::UnknownName => {
                "not a name of literals: those are None, True, False, inf, nan, set(...), frozenset(...) and Channel(...); text takes quotes"
            }
            Self::Number => "not a number",
            Self::LeadingZero => "an integer with leading zeros: octal is written 0o17",
            Self::Sum => "only a real and an imaginary part add up, as in 1+2j",
            Self::ChannelId => "Channel(...) takes one integer of 32 bits",
            Self::Prefix => "no prefix of a string: those are r, u, b, br and rb",
            Self::Unterminated => "a string without its closing quotes",
            Self::Escape => "an escape that is cut short or names no character",
            Self::NamedEscape => {
                "characters by name are not supported: write the character, or its number as \\uXXXX"
            }
            Self::Surrogate => {
                "half a surrogate pair, which the format cannot hold: write the whole character, as \\UXXXXXXXX"
            }
            Self::NotAscii => "bytes other than ASCII are written as escapes, such as \\xff",
            Self::MixedStrings => "text and bytes side by side do not join",
            Self::NotItems => "set(...) and frozenset(...) take a list, tuple or set",
            Self::Unhashable => {
                "a list, dict or set as dict key or set element: use a tuple or frozenset"
            }
            Self::Trailing => "more text after the value",
        })
    }
}

impl core::error::Error for ParseLiteralError {}
