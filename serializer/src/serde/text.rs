//! Text of an error: on the heap where there is one, else cut to fit.

use core::fmt::{self, Write};

#[cfg(feature = "alloc")]
type Storage<const ROOM: usize> = alloc::string::String;
#[cfg(not(feature = "alloc"))]
type Storage<const ROOM: usize> = heapless::String<ROOM>;

/// Text; where there is no heap of up to `ROOM` bytes, the rest is dots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<const ROOM: usize>(Storage<ROOM>);

impl<const ROOM: usize> Text<ROOM> {
    pub(super) const fn new() -> Self {
        Self(Storage::<ROOM>::new())
    }

    pub(super) fn of(text: impl fmt::Display) -> Self {
        let mut kept = Self::new();
        if write!(kept, "{text}").is_err() {
            kept.end_in_dots();
        }
        kept
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn end_in_dots(&mut self) {
        while self.0.len() + "...".len() > ROOM && self.0.pop().is_some() {}
        // There is room now.
        let _ = self.write_str("...");
    }
}

impl<const ROOM: usize> Write for Text<ROOM> {
    #[cfg(feature = "alloc")]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        Ok(())
    }

    #[cfg(not(feature = "alloc"))]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars()
            .try_for_each(|character| self.0.push(character).map_err(|_| fmt::Error))
    }
}

impl<const ROOM: usize> fmt::Display for Text<ROOM> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
