//! The error of remote code, whose text the peer chooses.

use alloc::format;
use alloc::string::String;
use core::error::Error;
use core::fmt;

use crate::report::{debug_as_report, escape};

/// Number of bytes that are kept of the text with which a peer closes a channel. Of a longer text the middle is left out: a
/// traceback begins with the outermost frame and ends with the exception.
pub const MAX_ERROR_TEXT: usize = 64 * 1024;

/// Number of bytes that are searched for the beginning of a line.
const NEAR: usize = 1024;

/// Number of bytes that are kept if the inboxes are full: about as much memory as the channel itself takes.
const SHORT_TEXT: usize = 256;

/// Maximal number of characters of a peer's text in [`Display`](fmt::Display).
const SUMMARY: usize = 400;

/// The code on the other side failed.
///
/// It prints the decisive line of the report: `remote code failed: ValueError: 42`. If the report, usually a Python
/// traceback, has more than one line, all of it is the [`source`](Error::source). Characters that control a terminal are
/// escaped in both.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteError {
    text: FullText,
}

/// All lines of the report.
#[derive(Clone, PartialEq, Eq)]
struct FullText(String);

debug_as_report!(RemoteError);

impl RemoteError {
    /// An error with this text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let text = FullText(text.into());
        Self { text }
    }

    /// An error with the decoded beginning and end of `text`.
    pub(super) fn cut_from(text: &[u8], decode: impl Fn(&[u8]) -> String) -> Self {
        if text.len() <= MAX_ERROR_TEXT {
            return Self::new(decode(text));
        }
        // Cut before decoding: a frame can carry a text of 2 GiB, and decoding can triple it.
        let end = boundary(text, MAX_ERROR_TEXT / 2);
        let begin = line_begin(text, boundary(text, text.len() - MAX_ERROR_TEXT / 2));
        let part = |part: Option<&[u8]>| decode(part.unwrap_or_default());
        let (head, tail) = (part(text.get(..end)), part(text.get(begin..)));
        let left_out = begin - end;
        Self::new(format!("{head}\n  [{left_out} bytes left out]\n{tail}"))
    }

    /// The error with the beginning of its [`summary`](Self::summary) alone.
    pub(super) fn shortened(&self) -> Self {
        let mut summary = self.summary();
        while summary.len() > SHORT_TEXT {
            let mut characters = summary.chars();
            let _ = characters.next_back();
            summary = characters.as_str();
        }
        Self::new(summary)
    }

    /// The unchanged report of the other side. Escape it before you print it to a terminal.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text.0
    }

    /// The decisive line of the [`text`](Self::text), unchanged: of a traceback the line that names the exception,
    /// otherwise the first.
    #[must_use]
    pub fn summary(&self) -> &str {
        summary(self.text())
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("remote code failed: ")?;
        let summary = self.summary();
        let mut characters = summary.chars();
        escape(f, characters.by_ref().take(SUMMARY))?;
        match characters.next() {
            Some(_) => f.write_str("..."),
            None => Ok(()),
        }
    }
}

impl Error for RemoteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // Only if it has more than `Display` prints: no text occurs twice in a chain of errors.
        let summary = self.summary();
        let is_all = self.text().trim().len() <= summary.len();
        let is_cut = summary.chars().nth(SUMMARY).is_some();
        (is_cut || !is_all).then_some(&self.text as _)
    }
}

// As it is printed: the tables by which `str` escapes texts would be in the flash of every device.
impl fmt::Debug for FullText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for FullText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape(f, self.0.trim_end().chars())
    }
}

impl Error for FullText {}

/// The line that names the exception. In a traceback it follows the frames, which are indented. Of several tracebacks
/// the last counts, except those that are indented more: they are the members of an exception group.
fn summary(text: &str) -> &str {
    let mut begin: Option<(usize, usize)> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        offset += line.len();
        if line
            .trim_end()
            .ends_with("Traceback (most recent call last):")
        {
            let margin = margin(line);
            // `<=`: of "During handling of the above exception" the last traceback is the one that was not handled.
            if begin.is_none_or(|(least, _)| margin <= least) {
                begin = Some((margin, offset));
            }
        }
    }
    let exception = begin.and_then(|(margin, offset)| {
        let lines = text.get(offset..)?.lines();
        let mut lines = lines.filter_map(|line| line.get(margin..));
        lines.find(|line| line.starts_with(|c: char| !c.is_whitespace()))
    });
    let first = || text.lines().find(|line| !line.trim().is_empty());
    exception.or_else(first).unwrap_or("no reason given").trim()
}

/// The offset of the UTF-8 character that contains the byte at `at`.
fn boundary(text: &[u8], at: usize) -> usize {
    // Three bytes back at most: a character has four. In Latin-1, where any byte is a character, the cut is just earlier.
    let is_first = |at: &usize| text.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    (at.saturating_sub(3)..=at)
        .rev()
        .find(is_first)
        .unwrap_or(at)
}

/// The beginning of the next line, if it is near: half a line could look unindented, as the line of the exception is.
fn line_begin(text: &[u8], at: usize) -> usize {
    let mut near = text.iter().skip(at).take(NEAR);
    near.position(|&byte| byte == b'\n')
        .map_or(at, |line| at + line + 1)
}

/// Number of bytes of indentation, and of the lines that are drawn around exception groups, at the beginning of a line.
fn margin(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '|', '+', '-']).len()
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString as _};
    use core::error::Error as _;

    use super::{MAX_ERROR_TEXT, RemoteError, SHORT_TEXT};

    #[track_caller]
    fn check(text: &str, summary: &str, has_more: bool) {
        let error = RemoteError::new(text);
        assert_eq!(error.summary(), summary);
        assert_eq!(error.source().is_some(), has_more, "{text:?}");
        let printed = error.to_string();
        let source = error.source().map(|source| source.to_string());
        assert!(source.is_none_or(|source| !printed.contains(&source)));
    }

    #[test]
    fn the_summary_of_a_traceback_is_the_line_that_names_the_exception() {
        let frames = "Traceback (most recent call last):\n  File \"<remote exec>\", line 1, in <module>\n    1 / 0\n    ~~^~~\n";
        let zero = "ZeroDivisionError: division by zero";
        check(&[frames, zero, "\n"].concat(), zero, true);
        check(
            &[frames, "ValueError: one\ntwo\n"].concat(),
            "ValueError: one",
            true,
        );
        let during = "\nDuring handling of the above exception, another exception occurred:\n\n";
        check(
            &[frames, "KeyError: 1\n", during, frames, zero].concat(),
            zero,
            true,
        );
        check(
            "Traceback (most recent call last):\n  File \"x.py\", line 1\n    a b\n      ^\nSyntaxError: invalid syntax\n",
            "SyntaxError: invalid syntax",
            true,
        );
    }

    #[test]
    fn the_summary_of_an_exception_group_is_its_own_line() {
        let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"<remote exec>\", line 1\n  | \
                    ExceptionGroup: both (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | \
                    Traceback (most recent call last):\n    |   File \"x\", line 1\n    | ValueError: 1\n    \
                    +------------------------------------\n";
        check(text, "ExceptionGroup: both (2 sub-exceptions)", true);
    }

    #[test]
    fn the_summary_of_another_text_is_its_first_line() {
        check("boom", "boom", false);
        check("\n boom \n", "boom", false);
        check("it failed\ncaused by: the disk", "it failed", true);
        check("", "no reason given", false);
        check(
            "Traceback (most recent call last):\n  cut",
            "Traceback (most recent call last):",
            true,
        );
    }

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end() {
        let utf_8 = |part: &[u8]| String::from_utf8(part.to_vec()).unwrap_or("cut".into());
        // Characters of four bytes, shifted against the cuts.
        for shift in 0..4 {
            let text = ["a".repeat(shift), "\u{1f40d}".repeat(40_000), "end".into()].concat();
            let cut = RemoteError::cut_from(text.as_bytes(), utf_8);
            let kept = cut.text();
            assert!(kept.len() < MAX_ERROR_TEXT + 100, "{}", kept.len());
            assert!(
                text.starts_with(kept.get(..32_000 + shift).unwrap())
                    && kept.ends_with("\u{1f40d}end")
            );
            let (head, rest) = kept.split_once("\n  [").unwrap();
            let (count, tail) = rest.split_once(" bytes left out]\n").unwrap();
            let count: usize = count.parse().unwrap();
            assert_eq!(head.len() + count + tail.len(), text.len());
        }
        let lines = "  File \"x.py\", line 1, in f\n".repeat(4000);
        let cut = RemoteError::cut_from(lines.as_bytes(), utf_8);
        let (_, tail) = cut.text().split_once(" bytes left out]\n").unwrap();
        assert!(tail.starts_with("  File \"x.py\""), "no whole line");
        let whole = "x".repeat(MAX_ERROR_TEXT);
        assert_eq!(RemoteError::cut_from(whole.as_bytes(), utf_8).text(), whole);
    }

    #[test]
    fn a_shortened_error_keeps_its_summary() {
        let error =
            RemoteError::new("Traceback (most recent call last):\n  File \"x\"\nKeyError: 1");
        assert_eq!(error.shortened().text(), "KeyError: 1");
        let long = RemoteError::new("\u{1f40d}".repeat(100)).shortened();
        assert_eq!(long.text(), "\u{1f40d}".repeat(SHORT_TEXT / 4));
    }

    #[test]
    fn printed_errors_are_short_and_escaped() {
        let error = RemoteError::new("\u{1b}[2J\u{202e}\né");
        assert_eq!(error.to_string(), r"remote code failed: \u{1b}[2J\u{202e}");
        let source = error.source().map(|source| source.to_string());
        assert_eq!(source.as_deref(), Some("\\u{1b}[2J\\u{202e}\né"));
        let long = RemoteError::new("x".repeat(5000)).to_string();
        assert!(long.len() < 500 && long.ends_with("x..."), "{long}");
    }
}
