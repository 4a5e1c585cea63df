//! Printing errors for people.

use alloc::string::{String, ToString as _};
use core::error::Error;
use core::fmt;

/// Prints an error with all its sources: see [`report`].
pub struct Report<'a> {
    error: &'a (dyn Error + 'a),
}

/// Prints an error and each [`source`](Error::source) of it.
///
/// `{}` prints the sources on lines of their own, as `fn main() -> Result<(), Box<dyn Error>>` prints the errors of
/// this crate; `{:#}` prints them on one line, separated by `: `.
///
/// No error of this crate repeats the text of its source.
///
/// ```
/// use execnet_core_sync::{ReceiveError, RemoteError, report};
///
/// let traceback = "Traceback (most recent call last):\n  File \"<remote exec>\", line 1\nValueError: 42\n";
/// let error = ReceiveError::Remote(RemoteError::new(traceback));
/// assert_eq!(error.to_string(), "remote code failed: ValueError: 42");
/// assert_eq!(
///     report(&error).to_string(),
///     "remote code failed: ValueError: 42\n\n\
///      Caused by:\n    \
///          Traceback (most recent call last):\n      \
///            File \"<remote exec>\", line 1\n    \
///          ValueError: 42"
/// );
/// ```
#[must_use]
pub fn report<'a>(error: &'a (dyn Error + 'a)) -> Report<'a> {
    Report { error }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        let mut title = "\n\nCaused by:";
        let mut source = self.error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if f.alternate() {
                write!(f, ": {}", text.trim_end())?;
            } else {
                f.write_str(title)?;
                let mut lines = text.trim_end().lines();
                lines.try_for_each(|line| write!(f, "\n    {line}"))?;
                title = "";
            }
            source = cause.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether a character can move a terminal's cursor, change its state or reorder its line: control characters, and
/// marks that set the direction of text. Shared by the crates that print text of a peer.
#[doc(hidden)]
#[must_use]
pub fn controls_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes text of a peer with the characters escaped that control a terminal, except line feeds and tabs, which tracebacks
/// need.
pub(crate) fn escape(out: &mut impl fmt::Write, text: impl Iterator<Item = char>) -> fmt::Result {
    for c in text {
        match c {
            '\n' | '\t' => out.write_char(c)?,
            _ if controls_terminal(c) => write!(out, "{}", c.escape_default())?,
            _ => out.write_char(c)?,
        }
    }
    Ok(())
}

/// Text of a peer with the characters escaped that control a terminal. All text of a peer is printed through this,
/// except as JSON, which has its own escapes.
#[doc(hidden)]
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Writing to a String cannot fail.
    let _ = escape(&mut out, text.chars());
    out
}

/// Number of characters of a name that is printed in full.
const NAME: usize = 100;

/// A name that a peer has sent, [escaped]. One that is too long for a name is cut: it may be as long as memory allows, which
/// must not be needed once more for the text of an error.
pub(crate) fn escaped_name(name: &str) -> String {
    match name.char_indices().nth(NAME) {
        None => escaped(name),
        Some((end, _)) => escaped(name.get(..end).unwrap_or_default()) + "...",
    }
}

/// Implements `Debug` as [`report`]: a program whose `main` returns the error prints that.
#[doc(hidden)]
#[macro_export]
macro_rules! debug_as_report {
    ($($error:ty),* $(,)?) => {
        $(impl core::fmt::Debug for $error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&$crate::report(self), f)
            }
        })*
    };
}

/// Implements `Error` for an enum whose `Display` prints the inner error of these variants: the source is that of the inner
/// error. The other variants have no source.
#[doc(hidden)]
#[macro_export]
macro_rules! inner_sources {
    ($error:ident: $($variant:ident),*) => {
        impl core::error::Error for $error {
            fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
                match self {
                    $(Self::$variant(error) => core::error::Error::source(error),)*
                    #[allow(unreachable_patterns, reason = "not every enum has other variants")]
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use {debug_as_report, inner_sources};

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;
    use core::error::Error;
    use core::fmt;

    use super::{escaped, escaped_name, report};

    #[test]
    fn characters_that_control_a_terminal_are_escaped() {
        for (text, shown) in [
            ("Error:\n\t\u{f6} \u{4e2d}", "Error:\n\t\u{f6} \u{4e2d}"),
            ("a\u{1b}[2J\u{9b}1m\u{7f}", r"a\u{1b}[2J\u{9b}1m\u{7f}"),
            ("X\rY\r\n", "X\\rY\\r\n"),
            ("a\u{202e}b\u{2066}\u{200f}", r"a\u{202e}b\u{2066}\u{200f}"),
        ] {
            assert_eq!(escaped(text), shown);
        }
    }

    #[test]
    fn names_are_escaped_and_cut() {
        assert_eq!(escaped_name("na\u{1b}me"), r"na\u{1b}me");
        for character in ["x", "\u{1f40d}"] {
            let most = character.repeat(100);
            assert_eq!(escaped_name(&most), most);
            assert_eq!(escaped_name(&(most.clone() + "x")), most + "...");
        }
    }

    #[derive(Debug)]
    struct Link(&'static str, Option<&'static Link>);

    impl fmt::Display for Link {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Link {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.map(|link| link as _)
        }
    }

    #[test]
    fn every_source_is_printed_once() {
        static LAST: Link = Link("the last\nof two lines\n", None);
        static MIDDLE: Link = Link("the middle", Some(&LAST));
        let error = Link("the first", Some(&MIDDLE));
        assert_eq!(
            report(&error).to_string(),
            "the first\n\nCaused by:\n    the middle\n    the last\n    of two lines"
        );
        assert_eq!(
            format!("{:#}", report(&error)),
            "the first: the middle: the last\nof two lines"
        );
        assert_eq!(report(&LAST).to_string(), LAST.to_string());
        assert_eq!(format!("{:?}", report(&error)), report(&error).to_string());
    }
}
