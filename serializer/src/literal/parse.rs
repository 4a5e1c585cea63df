//! Parses containers and their items.
//!
//! Nothing recurses: open containers are kept on the heap, so that nesting
//! takes no stack.

use alloc::vec::Vec;

use super::error::{ParseLiteralError, ParseLiteralErrorKind as Kind};
use super::frame::{Callee, Frame, Open};
use super::number::number;
use super::source::{Source, is_name};
use super::string::string;
use crate::{Limits, Value};

/// Parses the text of one value.
pub(super) fn parse(text: &str) -> Result<Value, ParseLiteralError> {
    let mut parser = Parser {
        source: Source::new(text),
        frame: Frame::new(Open::Top, 0, 0),
        outer: Vec::new(),
    };
    parser.source.skip_blanks(true);
    let mut step = Step::Next;
    loop {
        step = match step {
            Step::Next => parser.begin()?,
            Step::Item(value, start) => parser.place(value, start)?,
            Step::Done(value) => return Ok(value),
        };
    }
}

struct Parser<'a> {
    source: Source<'a>,
    /// The innermost open container.
    frame: Frame,
    /// Those around it, the outermost first.
    outer: Vec<Frame>,
}

/// The state of the parser between two steps.
enum Step {
    /// A value or the end of the container follows.
    Next,
    /// A value that started there, not yet in its container.
    Item(Value, usize),
    /// The value of the whole text.
    Done(Value),
}

impl Parser<'_> {
    /// Reads a value without parts, opens a container, or ends the innermost.
    fn begin(&mut self) -> Result<Step, ParseLiteralError> {
        self.skip_blanks();
        if self.may_end() && self.eat_end()? {
            return self.close();
        }
        let start = self.source.offset();
        if let Some(open) = self.opening() {
            return self.open(open, start);
        }
        let lines = self.frame.open != Open::Top;
        if let Some(text) = string(&mut self.source, lines)? {
            return Ok(Step::Item(text, start));
        }
        match number(&mut self.source, lines)? {
            Some(number) => Ok(Step::Item(number, start)),
            None => self.name(start),
        }
    }

    fn skip_blanks(&mut self) {
        self.source.skip_blanks(self.frame.open != Open::Top);
    }

    /// Whether the container may end in place of an item.
    fn may_end(&self) -> bool {
        match self.frame.open {
            // `1,` is a tuple, but no text at all is no value.
            Open::Top => self.frame.comma,
            _ => self.frame.comma || self.frame.items.is_empty(),
        }
    }

    /// Steps over the end of the innermost container if it comes next.
    fn eat_end(&mut self) -> Result<bool, ParseLiteralError> {
        if self.frame.open != Open::Top {
            return Ok(self.source.eat(self.frame.end().0));
        }
        if !matches!(self.source.peek(), None | Some('\n' | '\r')) {
            return Ok(false);
        }
        self.source.skip_blanks(true);
        match self.source.peek() {
            None => Ok(true),
            Some(_) => Err(self.source.error(Kind::Trailing)),
        }
    }

    fn opening(&mut self) -> Option<Open> {
        let open = match self.source.peek()? {
            '(' => Open::Paren,
            '[' => Open::List,
            '{' => Open::Brace,
            _ => return None,
        };
        self.source.next();
        Some(open)
    }

    fn open(&mut self, open: Open, start: usize) -> Result<Step, ParseLiteralError> {
        // The container in a call is not one level more: its items become the items
        // of the set.
        let deeper = !matches!(self.frame.open, Open::Call(_));
        let depth = self.frame.depth + u16::from(deeper);
        if depth > Limits::MAX_DEPTH {
            let kind = Kind::Depth(Limits::MAX_DEPTH);
            return Err(ParseLiteralError::new(kind, start));
        }
        let outer = core::mem::replace(&mut self.frame, Frame::new(open, start, depth));
        self.outer.push(outer);
        Ok(Step::Next)
    }

    fn name(&mut self, start: usize) -> Result<Step, ParseLiteralError> {
        let at = self.source;
        let name = self.source.take_while(is_name);
        let value = match name {
            "" => return Err(at.expected("a value")),
            "None" => Value::None,
            "True" => Value::Bool(true),
            "False" => Value::Bool(false),
            _ => {
                let callee = Callee::from_name(name).ok_or(at.error(Kind::UnknownName))?;
                self.skip_blanks();
                self.source.expect("(", "`(`")?;
                return self.open(Open::Call(callee), start);
            }
        };
        Ok(Step::Item(value, start))
    }

    /// Puts an item into the innermost container, and reads what follows it.
    fn place(&mut self, value: Value, start: usize) -> Result<Step, ParseLiteralError> {
        if self.frame.expects_key() && !value.is_hashable() {
            return Err(ParseLiteralError::new(Kind::Unhashable, start));
        }
        self.frame.items.push(value);
        self.frame.comma = false;
        self.skip_blanks();
        // Only what follows the first item tells a dict from a set.
        if self.frame.open == Open::Brace {
            let dict = self.source.peek() == Some(':');
            self.frame.open = if dict { Open::Dict } else { Open::Set };
        }
        if self.frame.expects_value() {
            self.source.expect(":", "`:`")?;
            return Ok(Step::Next);
        }
        if self.source.eat(",") {
            self.frame.comma = true;
            return Ok(Step::Next);
        }
        if self.eat_end()? {
            return self.close();
        }
        Err(self.source.expected(self.frame.end().1))
    }

    /// Ends the innermost container, which thereby is an item of the one
    /// around it.
    fn close(&mut self) -> Result<Step, ParseLiteralError> {
        let outer = self.outer.pop();
        let done = outer.is_none();
        let outer = outer.unwrap_or(Frame::new(Open::Top, 0, 0));
        let closed = core::mem::replace(&mut self.frame, outer);
        let start = closed.start;
        let value = closed.finish()?;
        Ok(if done {
            Step::Done(value)
        } else {
            Step::Item(value, start)
        })
    }
}
