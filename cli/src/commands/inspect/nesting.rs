//! The nesting depth of each opcode.
//!
//! The opcode of a tuple or set comes after its items, so their depth is known only when it has been read.

use execnet::serializer::Token;

/// The depth from which on the indentation does not grow.
pub(super) const MAX_INDENT: usize = 40;

/// For each token, the number of collections it is in. A token without its operands on the stack keeps the depth of its
/// neighbours.
pub(super) fn depths<'t, 'a: 't>(tokens: impl Iterator<Item = &'t Token<'a>>) -> Vec<usize> {
    let mut opened: Vec<usize> = Vec::new();
    let mut closed: Vec<usize> = Vec::new();
    // The position of the first token of each value on the stack.
    let mut stack: Vec<usize> = Vec::new();
    for (position, token) in tokens.enumerate() {
        opened.push(0);
        closed.push(0);
        let inner = match token {
            Token::SetItem => pop_pair(&mut stack),
            Token::BuildTuple(len) | Token::Set(len) | Token::FrozenSet(len) => {
                let start = pop(&mut stack, *len).unwrap_or(position);
                stack.push(start);
                Some(start)
            }
            Token::Stop => None,
            _ => {
                stack.push(position);
                None
            }
        };
        if let Some(first) = inner.and_then(|first| opened.get_mut(first)) {
            *first += 1;
            if let Some(end) = closed.last_mut() {
                *end += 1;
            }
        }
    }
    sum(&opened, &closed)
}

/// Pops `len` values and returns the start of the first one; `None` if the stack has fewer.
fn pop(stack: &mut Vec<usize>, len: u32) -> Option<usize> {
    let rest = stack.len().checked_sub(usize::try_from(len).ok()?)?;
    let first = stack.get(rest).copied();
    stack.truncate(rest);
    first
}

/// Pops a key and a value and returns the start of the key; `None` if there is no collection below them.
fn pop_pair(stack: &mut Vec<usize>) -> Option<usize> {
    if stack.len() < 3 {
        return None;
    }
    pop(stack, 2)
}

fn sum(opened: &[usize], closed: &[usize]) -> Vec<usize> {
    let mut depth = 0_usize;
    let steps = opened.iter().zip(closed);
    let depths = steps.map(|(opened, closed)| {
        // The token that closes a collection is outside of it.
        depth = (depth + opened).saturating_sub(*closed);
        depth
    });
    depths.collect()
}
