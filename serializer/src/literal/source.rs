//! The cursor over the text of a literal.

use super::error::{ParseLiteralError, ParseLiteralErrorKind as Kind};

/// The rest of the text. All access to it is in this module.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    rest: &'a str,
    len: usize,
}

impl<'a> Source<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            len: text.len(),
        }
    }

    /// The start of the rest, in bytes from the start of the text.
    pub(super) const fn offset(&self) -> usize {
        self.len - self.rest.len()
    }

    pub(super) const fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Steps over `wanted` if the rest starts so.
    pub(super) fn eat(&mut self, wanted: &str) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Steps over `wanted`, or fails with its description.
    pub(super) fn expect(
        &mut self,
        wanted: &str,
        description: &'static str,
    ) -> Result<(), ParseLiteralError> {
        if self.eat(wanted) {
            Ok(())
        } else {
            Err(self.expected(description))
        }
    }

    /// Steps over the characters up to the first that `wanted` refuses.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c));
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// Steps over `len` bytes, which end between characters.
    pub(super) fn take(&mut self, len: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Steps over blanks, comments and joined lines; over the ends of lines
    /// too if `lines` is set, as inside brackets.
    pub(super) fn skip_blanks(&mut self, lines: bool) {
        loop {
            self.take_while(|c| matches!(c, ' ' | '\t' | '\x0c'));
            match self.peek() {
                Some('#') => {
                    self.take_while(|c| !matches!(c, '\n' | '\r'));
                }
                Some('\n' | '\r') if lines => {
                    self.next();
                }
                Some('\\') if self.eat_joined_line() => {}
                _ => return,
            }
        }
    }

    fn eat_joined_line(&mut self) -> bool {
        self.eat("\\\r\n") || self.eat("\\\n") || self.eat("\\\r")
    }

    /// An error at the rest.
    #[cold]
    pub(super) const fn error(&self, kind: Kind) -> ParseLiteralError {
        ParseLiteralError::new(kind, self.offset())
    }

    /// The error for anything but `expected` next.
    #[cold]
    pub(super) fn expected(&self, expected: &'static str) -> ParseLiteralError {
        let found = self.peek();
        self.error(Kind::Expected { expected, found })
    }
}

/// Whether `c` may stand in a name, and so not right after a number.
pub(super) fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
