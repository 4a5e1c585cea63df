//! Prints values as Python's `repr` does.

use core::fmt::{self, Formatter, Write as _};

use super::float::real;
use crate::{Complex, Dict, Value};

pub(super) fn value(value: &Value, f: &mut Formatter<'_>) -> fmt::Result {
    match value {
        Value::None => f.write_str("None"),
        Value::Bool(true) => f.write_str("True"),
        Value::Bool(false) => f.write_str("False"),
        Value::Int(int) => write!(f, "{int}"),
        Value::Float(float) => real(*float, ".0", f),
        Value::Complex(number) => complex(*number, f),
        Value::Bytes(content) => bytes(content, f),
        Value::Str(text) => string(text, f),
        Value::List(items) => around("[", items, "]", f),
        Value::Tuple(items) => around("(", items, if items.len() == 1 { ",)" } else { ")" }, f),
        Value::Dict(pairs) => dict(pairs, f),
        Value::Set(items) if items.is_empty() => f.write_str("set()"),
        Value::Set(items) => around("{", items, "}", f),
        Value::FrozenSet(items) if items.is_empty() => f.write_str("frozenset()"),
        Value::FrozenSet(items) => around("frozenset({", items, "})", f),
        Value::Channel(id) => write!(f, "Channel({id})"),
    }
}

fn around<'a>(
    open: &str,
    items: impl IntoIterator<Item = &'a Value>,
    close: &str,
    f: &mut Formatter<'_>,
) -> fmt::Result {
    f.write_str(open)?;
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        value(item, f)?;
    }
    f.write_str(close)
}

pub(super) fn dict(pairs: &Dict, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('{')?;
    for (index, (key, item)) in pairs.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        value(key, f)?;
        f.write_str(": ")?;
        value(item, f)?;
    }
    f.write_char('}')
}

pub(super) fn complex(value: Complex, f: &mut Formatter<'_>) -> fmt::Result {
    let Complex { re, im } = value;
    if re.to_bits() == 0 {
        real(im, "", f)?;
        return f.write_char('j');
    }
    f.write_char('(')?;
    real(re, "", f)?;
    // A negative number prints its own sign.
    if im.is_sign_positive() || im.is_nan() {
        f.write_char('+')?;
    }
    real(im, "", f)?;
    f.write_str("j)")
}

/// The quote that needs no escape in the content, if there is one.
fn quote(content: &[u8]) -> u8 {
    if content.contains(&b'\'') && !content.contains(&b'"') {
        b'"'
    } else {
        b'\''
    }
}

fn string(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    let quote = quote(text.as_bytes());
    f.write_char(char::from(quote))?;
    let mut rest = text;
    while let Some(at) = rest.find(|c| !is_plain(c, quote)) {
        let (plain, escaped) = rest.split_at_checked(at).unwrap_or((rest, ""));
        f.write_str(plain)?;
        let mut chars = escaped.chars();
        if let Some(c) = chars.next() {
            escape(c, quote, f)?;
        }
        rest = chars.as_str();
    }
    f.write_str(rest)?;
    f.write_char(char::from(quote))
}

fn bytes(content: &[u8], f: &mut Formatter<'_>) -> fmt::Result {
    let quote = quote(content);
    write!(f, "b{}", char::from(quote))?;
    let mut rest = content;
    while !rest.is_empty() {
        let plain = rest.iter().take_while(|&&byte| is_plain_byte(byte, quote));
        let (plain, escaped) = rest.split_at_checked(plain.count()).unwrap_or((rest, &[]));
        // Plain bytes are ASCII.
        f.write_str(core::str::from_utf8(plain).unwrap_or_default())?;
        rest = match escaped.split_first() {
            Some((&byte, rest)) => {
                escape(char::from(byte), quote, f)?;
                rest
            }
            None => escaped,
        };
    }
    f.write_char(char::from(quote))
}

const fn is_plain_byte(byte: u8, quote: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != quote && byte != b'\\'
}

fn is_plain(c: char, quote: u8) -> bool {
    match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => is_plain_byte(byte, quote),
        _ => is_printable(c),
    }
}

/// Python's `str.isprintable` for a character beyond ASCII: not a separator,
/// control, format, surrogate, private or unassigned character.
fn is_printable(c: char) -> bool {
    // A faster test for most characters: letters and digits are printable.
    c.is_alphanumeric() || {
        // That is the rule of `escape_debug` too, but at the start of a text it
        // escapes marks that would join with what stands before.
        let mut text = heapless::String::<5>::new();
        let fits = text.push('x').is_ok() && text.push(c).is_ok();
        fits && text.escape_debug().nth(1) == Some(c)
    }
}

fn escape(c: char, quote: u8, f: &mut Formatter<'_>) -> fmt::Result {
    match c {
        '\n' => f.write_str("\\n"),
        '\r' => f.write_str("\\r"),
        '\t' => f.write_str("\\t"),
        '\\' => f.write_str("\\\\"),
        _ if c == char::from(quote) => write!(f, "\\{c}"),
        '\0'..='\u{ff}' => write!(f, "\\x{:02x}", u32::from(c)),
        '\u{100}'..='\u{ffff}' => write!(f, "\\u{:04x}", u32::from(c)),
        _ => write!(f, "\\U{:08x}", u32::from(c)),
    }
}
