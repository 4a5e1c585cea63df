//! Errors, printed for people.

use alloc::string::{String, ToString as _};
use core::error::Error;
use core::fmt;

/// An error with all its causes, to be printed: see [`report`].
pub struct Report<'a> {
    error: &'a (dyn Error + 'a),
}

/// The whole chain of an error: what happened, then each [`source`](Error::source).
///
/// `{}` puts the causes on lines of their own, as `fn main() -> Result<(), Box<dyn Error>>` prints the errors of this
/// crate; `{:#}` puts everything on one line, with `: ` between the links.
///
/// No error of this crate repeats its source in its own text, so that nothing is printed twice.
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

/// Whether a character of a peer's text could move a terminal's cursor, change its state or reorder its line: control
/// characters, and the marks that set the direction of text. The crates that print such text share it.
#[doc(hidden)]
#[must_use]
pub fn controls_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes text of a peer so that it moves no cursor, changes no terminal's state and reorders no line. Line feeds and tabs
/// stay: tracebacks are made of them.
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

/// Text of a peer as a terminal may have it. Whatever prints such text uses this, but for JSON, which has escapes of its
/// own.
#[doc(hidden)]
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Writing to a String cannot fail.
    let _ = escape(&mut out, text.chars());
    out
}

/// Has `Debug` print the whole chain: it is what a program shows whose `main` returns the error.
macro_rules! debug_as_report {
    ($($error:ty),* $(,)?) => {
        $(impl core::fmt::Debug for $error {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&$crate::report::report(self), f)
            }
        })*
    };
}

pub(crate) use debug_as_report;

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString as _;
    use core::error::Error;
    use core::fmt;

    use super::{escaped, report};

    #[test]
    fn no_text_controls_a_terminal() {
        for (text, shown) in [
            ("Error:\n\t\u{f6} \u{4e2d}", "Error:\n\t\u{f6} \u{4e2d}"),
            ("a\u{1b}[2J\u{9b}1m\u{7f}", r"a\u{1b}[2J\u{9b}1m\u{7f}"),
            ("X\rY\r\n", "X\\rY\\r\n"),
            ("a\u{202e}b\u{2066}\u{200f}", r"a\u{202e}b\u{2066}\u{200f}"),
        ] {
            assert_eq!(escaped(text), shown);
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
    fn every_link_of_the_chain_is_printed_once() {
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
