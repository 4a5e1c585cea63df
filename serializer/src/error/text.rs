//! The message of an error: bounded text, on the heap if there is one.

use core::fmt::{self, Write};

#[cfg(feature = "alloc")]
type Storage<const ROOM: usize> = alloc::string::String;
#[cfg(not(feature = "alloc"))]
type Storage<const ROOM: usize> = heapless::String<ROOM>;

/// Text of up to `ROOM` bytes; longer text is cut and ends in `...`.
///
/// Messages come from foreign types and may contain text of a peer, so
/// unprintable characters are escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<const ROOM: usize>(Storage<ROOM>);

impl<const ROOM: usize> Text<ROOM> {
    pub(super) fn of(text: impl fmt::Display) -> Self {
        let mut kept = Self::default();
        if write!(kept, "{text}").is_err() {
            kept.end_in_dots();
        }
        kept
    }

    #[cfg(not(feature = "alloc"))]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn push(&mut self, character: char) -> fmt::Result {
        if self.0.len() + character.len_utf8() > ROOM {
            return Err(fmt::Error);
        }
        self.0.write_char(character)
    }

    fn end_in_dots(&mut self) {
        while self.0.len() + "...".len() > ROOM && self.0.pop().is_some() {}
        // Cannot fail after the loop.
        let _ = self.write_str("...");
    }
}

impl<const ROOM: usize> Write for Text<ROOM> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|character| match character {
            // Quotes are escaped by `Excerpt`, which knows the quotes around a text.
            '\'' | '"' | '\\' => self.push(character),
            _ => character
                .escape_debug()
                .try_for_each(|part| self.push(part)),
        })
    }
}

impl<const ROOM: usize> fmt::Display for Text<ROOM> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
