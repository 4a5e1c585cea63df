//! The path to a value inside another.

use core::fmt;

use super::text::Text;
use crate::excerpt::Excerpt;
#[cfg(feature = "alloc")]
use crate::excerpt::show_path;
use crate::{NodeKind, Token};

/// One step.
#[derive(Clone, Copy, Debug)]
pub(super) enum Segment<'a> {
    Index(usize),
    Field(&'a str),
    /// A text as dict key.
    Key(&'a str),
    /// An integer as dict key.
    Number(i64),
    /// Any other dict key.
    Other,
    /// A pair of a dict whose key is not at hand any more.
    Pair(usize),
}

impl<'a> Segment<'a> {
    pub(super) fn key(key: NodeKind<'_, 'a>) -> Self {
        match key {
            NodeKind::Str(text) => Self::Key(text),
            NodeKind::Int(value) => Self::Number(value),
            _ => Self::Other,
        }
    }

    /// The key that a serializer has written.
    pub(super) fn written_key(key: Token<'a>) -> Self {
        match key {
            Token::Py3String(bytes) => core::str::from_utf8(bytes).map_or(Self::Other, Self::Key),
            Token::Int(value) => Self::Number(i64::from(value)),
            _ => Self::Other,
        }
    }
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

/// Whether a name needs no quotes behind a dot. A peer may have chosen it.
fn is_identifier(name: &str) -> bool {
    let word = |character: char| character.is_alphanumeric() || character == '_';
    !name.is_empty() && name.chars().take(Excerpt::ROOM).all(word)
}

/// The steps from the whole value to a part.
///
/// An error collects them on its way out, so the innermost is the first. They
/// are put together when the path is shown.
#[cfg(feature = "alloc")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(alloc::vec::Vec<Text<{ Excerpt::ROOM + 8 }>>);

#[cfg(feature = "alloc")]
impl Path {
    pub(super) const fn new() -> Self {
        Self(alloc::vec::Vec::new())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn prepend(&mut self, segment: Segment<'_>) {
        self.0.push(Text::of(segment));
    }
}

#[cfg(feature = "alloc")]
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_path(f, &self.0, fmt::Display::fmt)
    }
}

/// The outermost steps, as far as there is room: without a heap an error has
/// a fixed size.
#[cfg(not(feature = "alloc"))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(Text<32>);

#[cfg(not(feature = "alloc"))]
impl Path {
    pub(super) const fn new() -> Self {
        Self(Text::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn prepend(&mut self, segment: Segment<'_>) {
        self.0 = Text::of(format_args!("{segment}{}", self.0));
    }
}

#[cfg(not(feature = "alloc"))]
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
