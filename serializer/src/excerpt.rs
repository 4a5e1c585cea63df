//! Shows text of a peer inside error messages: short, escaped, on one line.

use core::fmt::{self, Write};

/// The escaped start of a text: short, on one line and safe for a terminal.
pub(crate) struct Excerpt<'a> {
    text: &'a str,
    quote: char,
}

impl<'a> Excerpt<'a> {
    /// The maximum number of bytes shown, escapes included.
    pub(crate) const ROOM: usize = 100;

    /// An excerpt for use between `quote` characters, which are escaped too.
    pub(crate) const fn new(text: &'a str, quote: char) -> Self {
        Self { text, quote }
    }
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = Self::ROOM;
        for character in self.text.chars() {
            let escaped = character.escape_debug();
            let raw = matches!(character, '\'' | '"') && character != self.quote;
            let len = if raw {
                1
            } else {
                escaped.clone().map(char::len_utf8).sum()
            };
            match left.checked_sub(len) {
                Some(rest) => left = rest,
                None => return f.write_str("..."),
            }
            if raw {
                f.write_char(character)?;
            } else {
                escaped.fmt(f)?;
            }
        }
        Ok(())
    }
}

/// The maximum number of path steps shown, half of them from each end.
#[cfg(feature = "alloc")]
const STEPS: usize = 16;

/// Prints a path from its steps, innermost first.
#[cfg(feature = "alloc")]
pub(crate) fn show_path<S>(
    f: &mut fmt::Formatter<'_>,
    steps: &[S],
    show: impl Fn(&S, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    for (index, step) in steps.iter().enumerate().rev() {
        let outer = index + STEPS / 2 >= steps.len();
        if outer || index < STEPS / 2 {
            show(step, f)?;
        } else if index == STEPS / 2 {
            f.write_str("...")?;
        }
    }
    Ok(())
}
