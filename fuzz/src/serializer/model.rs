//! A second reader, as plain as the rules of `docs/wire-format.md` can be written: slow, careless
//! of memory, and made of nothing that the real one is made of but the tokens.

use execnet_serializer::{Dict, Int, Limits, LoadOptions, Set, StrConfig, Token, Tokens, Value};

use super::STRINGS;

/// The real reader and the plain one make the same of the bytes: both refuse them, or both give
/// the same value and end at the same byte.
pub fn tokens_vs_value(input: &[u8]) {
    for strings in STRINGS {
        let real = LoadOptions::wire()
            .with_strings(strings)
            .load_prefix(input)
            .ok();
        let plain = load(input, strings);
        assert_eq!(real, plain, "with {strings:?}");
    }
}

/// A value on the stack.
struct Held {
    value: Value,
    /// Slots of a list that are still to be set.
    missing: usize,
    /// Whether a dict is still being built.
    open_dict: bool,
    /// Containers inside one another, itself included.
    height: u16,
}

fn held(value: Value) -> Held {
    Held {
        value,
        missing: 0,
        open_dict: false,
        height: 0,
    }
}

fn load(input: &[u8], strings: StrConfig) -> Option<(Value, usize)> {
    let mut tokens = Tokens::new(input);
    let mut stack = Vec::new();
    loop {
        let token = tokens.next()?.ok()?;
        let left = tokens.rest().len();
        match token {
            Token::Stop => break,
            Token::SetItem => set_item(&mut stack)?,
            Token::NewDict => stack.push(Held {
                open_dict: true,
                height: 1,
                ..held(Value::Dict(Dict::new()))
            }),
            Token::NewList(len) => {
                let missing = usize::try_from(len).ok()?;
                // Index, item and SETITEM take seven bytes at the least.
                (missing <= left / 7).then_some(())?;
                stack.push(Held {
                    missing,
                    height: 1,
                    ..held(Value::List(Vec::new()))
                });
            }
            Token::BuildTuple(len) => group(&mut stack, len, |items| Some(Value::Tuple(items)))?,
            Token::Set(len) => group(&mut stack, len, |items| set(items).map(Value::Set))?,
            Token::FrozenSet(len) => {
                group(&mut stack, len, |items| set(items).map(Value::FrozenSet))?;
            }
            leaf => stack.push(held(self::leaf(leaf, strings)?)),
        }
    }
    let only = stack.pop().filter(|_| stack.is_empty())?;
    Some((whole(only)?.value, tokens.offset()))
}

/// What may go into a container or be the result: a list with every slot set.
fn whole(held: Held) -> Option<Held> {
    (held.missing == 0).then_some(held)
}

fn higher(than: u16) -> Option<u16> {
    (than < Limits::MAX_DEPTH).then_some(than + 1)
}

fn set_item(stack: &mut Vec<Held>) -> Option<()> {
    let value = whole(stack.pop()?)?;
    let key = stack.pop()?;
    let container = stack.last_mut()?;
    let open_dict = container.open_dict;
    match &mut container.value {
        Value::Dict(pairs) if open_dict => {
            key.value.is_hashable().then_some(())?;
            pairs.insert(key.value, value.value);
            container.height = container.height.max(higher(key.height)?);
        }
        Value::List(items) if container.missing > 0 => {
            let index = i64::try_from(items.len()).ok();
            (key.value.as_i64() == index).then_some(())?;
            items.push(value.value);
            container.missing -= 1;
        }
        _ => return None,
    }
    container.height = container.height.max(higher(value.height)?);
    Some(())
}

fn group(
    stack: &mut Vec<Held>,
    len: u32,
    make: impl FnOnce(Vec<Value>) -> Option<Value>,
) -> Option<()> {
    let first = stack.len().checked_sub(usize::try_from(len).ok()?)?;
    let items: Vec<Held> = stack
        .drain(first..)
        .map(whole)
        .collect::<Option<Vec<Held>>>()?;
    let height = items.iter().map(|item| item.height).max().unwrap_or(0);
    let value = make(items.into_iter().map(|item| item.value).collect())?;
    stack.push(Held {
        height: higher(height)?,
        ..held(value)
    });
    Some(())
}

fn set(items: Vec<Value>) -> Option<Set> {
    items.iter().all(Value::is_hashable).then_some(())?;
    let mut set = Set::new();
    for item in items {
        set.insert(item);
    }
    Some(set)
}

fn leaf(token: Token<'_>, strings: StrConfig) -> Option<Value> {
    Some(match token {
        Token::None => Value::None,
        Token::Bool(value) => Value::Bool(value),
        Token::Int(value) | Token::Long(value) => Value::from(value),
        Token::LongInt(digits) | Token::LongLong(digits) => Value::Int(int(digits)?),
        Token::Float(value) => Value::Float(value),
        Token::Complex(value) => Value::Complex(value),
        Token::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
        Token::Py2String(bytes) if strings.py2str_as_py3str => {
            Value::Str(bytes.iter().map(|&byte| char::from(byte)).collect())
        }
        Token::Py3String(text) if !strings.py3str_as_py2str => utf8(text)?,
        Token::Py2String(bytes) | Token::Py3String(bytes) => Value::Bytes(bytes.to_vec()),
        Token::Unicode(text) => utf8(text)?,
        Token::Channel(id) => Value::Channel(id),
        _ => return None,
    })
}

fn int(digits: &[u8]) -> Option<Int> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

fn utf8(text: &[u8]) -> Option<Value> {
    Some(Value::from(core::str::from_utf8(text).ok()?))
}
