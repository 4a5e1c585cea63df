use alloc::vec::Vec;

use execnet_serializer::{ChannelId, Token, Tokens};

/// The opcode that names a channel.
const CHANNEL: u8 = b'B';

/// How many tokens are looked at before the rest is searched for the opcode's byte at all. A payload that is one
/// large text or bytes ends within this, so that its content is never searched.
const LOOK: usize = 8;

/// The channels that an item names, each once, in the order of their ids.
///
/// Of a payload that is no value the channels in front of the fault are given: nothing is decided here, decoding
/// will report the fault. The search allocates nothing where there is no channel, and reads no more than a few
/// opcodes where the byte of the CHANNEL opcode does not occur.
#[must_use]
pub(crate) fn references(payload: &[u8]) -> Vec<ChannelId> {
    let mut found = Vec::new();
    let mut tokens = Tokens::new(payload);
    let over = collect(tokens.by_ref().take(LOOK), &mut found);
    if !over && tokens.rest().contains(&CHANNEL) {
        collect(tokens, &mut found);
    }
    // A search for each id would let a payload of many channels take time by its square.
    found.sort_unstable();
    found.dedup();
    found
}

/// True where the value ended, well or not.
fn collect<'a, E>(
    tokens: impl Iterator<Item = Result<Token<'a>, E>>,
    found: &mut Vec<ChannelId>,
) -> bool {
    for token in tokens {
        match token {
            Ok(Token::Channel(id)) => found.push(id),
            Ok(Token::Stop) | Err(_) => return true,
            Ok(_) => {}
        }
    }
    false
}
