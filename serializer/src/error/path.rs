//! The path from a whole value to the part that an error is about.

use core::fmt;

use super::text::Text;
use crate::excerpt::Excerpt;
#[cfg(feature = "alloc")]
use crate::excerpt::show_path;

/// One step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Segment<'a> {
    Index(usize),
    Field(&'a str),
    /// A text as dict key.
    Key(&'a str),
    /// An integer as dict key.
    Number(i64),
    /// Any other dict key.
    Other,
    /// A pair of a dict whose key is no longer known.
    Pair(usize),
}

impl fmt::Display for Segment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Field(name) if is_identifier(name) => write!(f, ".{}", Excerpt::new(name, '\'')),
            Self::Field(key) | Self::Key(key) => write!(f, "['{}']", Excerpt::new(key, '\'')),
            Self::Number(key) => write!(f, "[{key}]"),
            Self::Other => f.write_str("[...]"),
            Self::Pair(index) => write!(f, "[pair {index}]"),
        }
    }
}

/// Whether a name can follow a dot without quotes. A peer may have chosen it.
fn is_identifier(name: &str) -> bool {
    let word = |character: char| character.is_alphanumeric() || character == '_';
    !name.is_empty() && name.chars().take(Excerpt::ROOM).all(word)
}

/// The steps from the whole value to a part.
///
/// An error collects them while it propagates outwards, so the innermost is
/// first. They are joined when the path is printed. Without a heap an error has a
/// fixed size, and keeps the text of the outermost steps that fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path(
    #[cfg(feature = "alloc")] alloc::vec::Vec<Text<{ Excerpt::ROOM + 8 }>>,
    #[cfg(not(feature = "alloc"))] Text<32>,
);

impl Path {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn prepend(&mut self, segment: Segment<'_>) {
        self.0.push(Text::of(segment));
    }

    #[cfg(not(feature = "alloc"))]
    pub(crate) fn prepend(&mut self, segment: Segment<'_>) {
        self.0 = Text::of(format_args!("{segment}{}", self.0));
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "alloc")]
        return show_path(f, &self.0, fmt::Display::fmt);
        #[cfg(not(feature = "alloc"))]
        return self.0.fmt(f);
    }
}
