//! How deep each opcode stands.
//!
//! A tuple or set is named after its items, so that only what follows tells how deep they are.

use execnet::serializer::Token;

/// Deeper than this nothing is indented further.
pub(super) const WIDEST: usize = 40;

/// For each token the number of containers it is in. Tokens that do not fit together stand where
/// they are.
pub(super) fn depths<'t, 'a: 't>(tokens: impl Iterator<Item = &'t Token<'a>>) -> Vec<usize> {
    let mut deeper: Vec<usize> = Vec::new();
    let mut shallower: Vec<usize> = Vec::new();
    // Where each value on the stack starts, by the position of its first token.
    let mut stack: Vec<usize> = Vec::new();
    for (position, token) in tokens.enumerate() {
        deeper.push(0);
        shallower.push(0);
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
        if let Some(first) = inner.and_then(|first| deeper.get_mut(first)) {
            *first += 1;
            if let Some(end) = shallower.last_mut() {
                *end += 1;
            }
        }
    }
    sum(&deeper, &shallower)
}

/// Takes so many values; where the first of them starts. None if there are not as many.
fn pop(stack: &mut Vec<usize>, len: u32) -> Option<usize> {
    let rest = stack.len().checked_sub(usize::try_from(len).ok()?)?;
    let first = stack.get(rest).copied();
    stack.truncate(rest);
    first
}

/// Takes a key and a value; where the key starts. None if there is no container below.
fn pop_pair(stack: &mut Vec<usize>) -> Option<usize> {
    if stack.len() < 3 {
        return None;
    }
    pop(stack, 2)
}

fn sum(deeper: &[usize], shallower: &[usize]) -> Vec<usize> {
    let mut depth = 0_usize;
    let steps = deeper.iter().zip(shallower);
    let depths = steps.map(|(deeper, shallower)| {
        // The token that closes a container stands outside of it.
        depth = (depth + deeper).saturating_sub(*shallower);
        depth
    });
    depths.collect()
}
