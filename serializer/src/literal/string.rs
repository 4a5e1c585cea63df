//! Parses strings: every prefix, quote and escape.

use alloc::string::String;
use alloc::vec::Vec;

use super::error::{ParseLiteralError, ParseLiteralErrorKind as Kind};
use super::source::Source;
use crate::Value;

/// The meaning of the letters before the quotes.
#[derive(Clone, Copy)]
struct Prefix {
    raw: bool,
    bytes: bool,
}

/// The string as far as it is read.
enum Out {
    Text(String),
    Bytes(Vec<u8>),
}

/// Reads a string, or several side by side, if one comes next; blanks between
/// them may span lines if `lines` is set.
pub(super) fn string(
    source: &mut Source<'_>,
    lines: bool,
) -> Result<Option<Value>, ParseLiteralError> {
    let Some(first) = prefix(source)? else {
        return Ok(None);
    };
    let mut out = if first.bytes {
        Out::Bytes(Vec::new())
    } else {
        Out::Text(String::new())
    };
    piece(source, first.raw, &mut out)?;
    // Python joins strings that stand side by side.
    loop {
        let mut ahead = *source;
        ahead.skip_blanks(lines);
        let start = ahead;
        let Some(next) = prefix(&mut ahead)? else {
            break;
        };
        if next.bytes != first.bytes {
            return Err(start.error(Kind::MixedStrings));
        }
        piece(&mut ahead, next.raw, &mut out)?;
        *source = ahead;
    }
    Ok(Some(match out {
        Out::Text(text) => Value::from(text),
        Out::Bytes(bytes) => Value::Bytes(bytes),
    }))
}

/// Steps over the letters before a quote; `None` if no quote follows.
fn prefix(source: &mut Source<'_>) -> Result<Option<Prefix>, ParseLiteralError> {
    let start = *source;
    let letters = source.take_while(|c| c.is_ascii_alphabetic());
    if !matches!(source.peek(), Some('\'' | '"')) {
        *source = start;
        return Ok(None);
    }
    match known(letters) {
        Some(prefix) => Ok(Some(prefix)),
        None => Err(start.error(Kind::Prefix)),
    }
}

fn known(letters: &str) -> Option<Prefix> {
    const KNOWN: [(&str, bool, bool); 6] = [
        ("", false, false),
        ("r", true, false),
        ("u", false, false),
        ("b", false, true),
        ("br", true, true),
        ("rb", true, true),
    ];
    let mut known = KNOWN.iter();
    let &(_, raw, bytes) = known.find(|(name, ..)| name.eq_ignore_ascii_case(letters))?;
    Some(Prefix { raw, bytes })
}

/// Reads one string from its opening quote to its closing one.
fn piece(source: &mut Source<'_>, raw: bool, out: &mut Out) -> Result<(), ParseLiteralError> {
    let start = *source;
    let (quote, once, thrice) = match source.peek() {
        Some('"') => ('"', "\"", "\"\"\""),
        _ => ('\'', "'", "'''"),
    };
    // First the longer one: two quotes alone are an empty string.
    let multiline = source.eat(thrice);
    if !multiline {
        source.eat(once);
    }
    loop {
        out.run(source, quote)?;
        if source.eat(if multiline { thrice } else { once }) {
            return Ok(());
        }
        let at = *source;
        match source.next() {
            Some('\\') if raw => raw_escape(source, out)?,
            Some('\\') => escape(source, at, out)?,
            Some('\n' | '\r') if multiline => line_end(source, at, out)?,
            // A quote that does not close this string.
            Some(c) if c == quote => out.push(u32::from(c), at)?,
            _ => return Err(start.error(Kind::Unterminated)),
        }
    }
}

/// Reads a line end, which Python's source normalises to `\n`.
fn line_end<'a>(
    source: &mut Source<'a>,
    at: Source<'a>,
    out: &mut Out,
) -> Result<(), ParseLiteralError> {
    *source = at;
    let _either = source.eat("\r\n") || source.eat("\r") || source.eat("\n");
    out.push(u32::from('\n'), at)
}

/// In a raw string a backslash and the character after it are kept.
fn raw_escape(source: &mut Source<'_>, out: &mut Out) -> Result<(), ParseLiteralError> {
    let at = *source;
    out.push(u32::from('\\'), at)?;
    match source.next() {
        Some('\n' | '\r') => line_end(source, at, out),
        Some(c @ ('\\' | '\'' | '"')) => out.push(u32::from(c), at),
        _ => {
            *source = at;
            Ok(())
        }
    }
}

/// Reads what follows a backslash at `at`.
fn escape(source: &mut Source<'_>, at: Source<'_>, out: &mut Out) -> Result<(), ParseLiteralError> {
    let start = *source;
    let text = matches!(out, Out::Text(_));
    let code = match source.next() {
        Some('\n') => return Ok(()),
        Some('\r') => {
            source.eat("\n");
            return Ok(());
        }
        Some('0'..='7') => {
            *source = start;
            octal(source, text)
        }
        Some('x') => hexadecimal(source, 2, at)?,
        Some('u') if text => hexadecimal(source, 4, at)?,
        Some('U') if text => hexadecimal(source, 8, at)?,
        Some('N') if text => return Err(at.error(Kind::NamedEscape)),
        Some(c) => match simple_escape(c) {
            Some(code) => u32::from(code),
            // Python keeps the backslash of an unknown escape.
            None => {
                *source = start;
                u32::from('\\')
            }
        },
        None => return Err(at.error(Kind::Unterminated)),
    };
    out.push(code, at)
}

const fn simple_escape(c: char) -> Option<u8> {
    Some(match c {
        '\\' => b'\\',
        '\'' => b'\'',
        '"' => b'"',
        'a' => 0x07,
        'b' => 0x08,
        'f' => 0x0c,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 0x0b,
        _ => return None,
    })
}

/// One to three octal digits, up to nine bits; in bytes Python drops the
/// highest.
fn octal(source: &mut Source<'_>, text: bool) -> u32 {
    let mut code = 0;
    for _ in 0..3 {
        let Some(digit) = source.peek().and_then(|c| c.to_digit(8)) else {
            break;
        };
        source.next();
        code = code * 8 + digit;
    }
    if text { code } else { code & 0xff }
}

/// Reads this many hexadecimal digits, at most eight, so that the number fits
/// 32 bits.
fn hexadecimal(
    source: &mut Source<'_>,
    digits: u32,
    at: Source<'_>,
) -> Result<u32, ParseLiteralError> {
    (0..digits).try_fold(0, |code, _| {
        let digit = source.next().and_then(|c| c.to_digit(16));
        digit
            .map(|digit| code << 4 | digit)
            .ok_or(at.error(Kind::Escape))
    })
}

impl Out {
    /// Takes the characters that need no escape, up to a quote, a backslash or
    /// the end of the line.
    fn run(&mut self, source: &mut Source<'_>, quote: char) -> Result<(), ParseLiteralError> {
        let mut start = *source;
        let run = source.take_while(|c| c != quote && !matches!(c, '\\' | '\n' | '\r'));
        match self {
            Self::Text(text) => text.push_str(run),
            Self::Bytes(bytes) => {
                if let Some(at) = run.find(|c: char| !c.is_ascii()) {
                    start.take(at);
                    return Err(start.error(Kind::NotAscii));
                }
                bytes.extend_from_slice(run.as_bytes());
            }
        }
        Ok(())
    }

    /// Appends the character or byte of that code, written at `at`.
    fn push(&mut self, code: u32, at: Source<'_>) -> Result<(), ParseLiteralError> {
        match self {
            Self::Text(text) => match char::from_u32(code) {
                Some(c) => text.push(c),
                None if (0xd800..0xe000).contains(&code) => return Err(at.error(Kind::Surrogate)),
                None => return Err(at.error(Kind::Escape)),
            },
            Self::Bytes(bytes) => match u8::try_from(code) {
                Ok(byte) => bytes.push(byte),
                Err(_) => return Err(at.error(Kind::Escape)),
            },
        }
        Ok(())
    }
}
