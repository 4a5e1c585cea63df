//! The operand of an opcode as text.

use execnet::Value;
use execnet::serializer::Token;

/// Maximum length of strings and bytes, in characters of their notation; longer ones are shortened.
const WIDTH: usize = 60;

/// The operand; empty for an opcode without one.
pub(super) fn text(token: &Token<'_>) -> String {
    match *token {
        Token::None | Token::Bool(_) | Token::NewDict | Token::SetItem | Token::Stop => {
            String::new()
        }
        Token::Int(number) | Token::Long(number) => number.to_string(),
        Token::NewList(len) | Token::BuildTuple(len) | Token::Set(len) | Token::FrozenSet(len) => {
            len.to_string()
        }
        Token::Float(number) => Value::from(number).to_string(),
        Token::Complex(number) => Value::from(number).to_string(),
        Token::Channel(id) => id.to_string(),
        Token::Bytes(bytes) | Token::Py2String(bytes) => shortened(bytes, &literal(bytes)),
        Token::LongInt(digits) | Token::LongLong(digits) => string(digits),
        Token::Py3String(text) | Token::Unicode(text) => string(text),
    }
}

/// A string; as bytes if it is not UTF-8.
fn string(bytes: &[u8]) -> String {
    let shown = match core::str::from_utf8(bytes) {
        Ok(text) => Value::from(text).to_string(),
        Err(_) => literal(bytes),
    };
    shortened(bytes, &shown)
}

fn literal(bytes: &[u8]) -> String {
    Value::Bytes(bytes.to_vec()).to_string()
}

fn shortened(bytes: &[u8], shown: &str) -> String {
    match shown.char_indices().nth(WIDTH) {
        Some((end, _)) => {
            let head = shown.get(..end).unwrap_or(shown);
            format!("{head}... ({} bytes)", bytes.len())
        }
        None => shown.to_owned(),
    }
}
