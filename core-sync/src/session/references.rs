//! The channels that an encoded item names.

use alloc::collections::BinaryHeap;
use alloc::vec::Vec;

use execnet_serializer::{ChannelId, Token, Tokens};

/// The opcode that names a channel.
const CHANNEL: u8 = b'B';

/// Number of tokens that are read before deciding how to continue.
const LOOK: usize = 16;

/// Tokens of this many bytes or more on average are read one by one: skipping their content takes less time than searching
/// it for the opcode.
const LARGE: usize = 64;

/// The channels that an item names, each once, in the order of their ids.
///
/// For a malformed payload these are the channels in front of the fault, which decoding reports later. An item without
/// channels allocates nothing. The content of long strings and bytes is skipped, and a long run of small values is read
/// only if the byte of the CHANNEL opcode occurs in it.
///
/// `None` if there is no memory for them.
#[must_use]
pub(crate) fn references(payload: &[u8]) -> Option<Vec<ChannelId>> {
    let mut found = Vec::new();
    let mut tokens = Tokens::new(payload);
    let mut before = 0;
    while !collect(tokens.by_ref().take(LOOK), &mut found)? {
        if tokens.offset() - before < LOOK * LARGE {
            // Searching small values for one byte is much faster than reading them as tokens, and most items name no
            // channel.
            if tokens.rest().contains(&CHANNEL) {
                collect(tokens, &mut found)?;
            }
            break;
        }
        before = tokens.offset();
    }
    // Searching for each id would take quadratic time for a payload of many channels. Mostly they are in order: new ids grow.
    if !found.is_sorted() {
        // A heap sorts with a tenth of the code of `sort_unstable`, which counts on devices.
        found = BinaryHeap::from(found).into_sorted_vec();
    }
    found.dedup();
    Some(found)
}

/// Reads tokens, and adds the channels among them. Returns whether the value ended, or is malformed; `None` without memory.
fn collect<'a, E>(
    tokens: impl Iterator<Item = Result<Token<'a>, E>>,
    found: &mut Vec<ChannelId>,
) -> Option<bool> {
    for token in tokens {
        match token {
            Ok(Token::Channel(id)) => {
                found.try_reserve(1).ok()?;
                found.push(id);
            }
            Ok(Token::Stop) | Err(_) => return Some(true),
            Ok(_) => {}
        }
    }
    Some(false)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use execnet_serializer::{Bytes, ChannelId, DumpOptions};

    use super::references;

    fn of<T: execnet_serializer::Dump>(value: T) -> Vec<ChannelId> {
        references(&DumpOptions::wire().dumps(&value).unwrap()).unwrap()
    }

    #[test]
    fn channels_are_found_at_any_depth() {
        let id = ChannelId;
        assert_eq!(of(id(3)), [id(3)]);
        assert_eq!(of((id(5), vec![id(3), id(5)])), [id(3), id(5)]);
        assert_eq!(of((vec![7; 1000], id(9))), [id(9)]);
        let blob = Bytes(vec![0; 5000]);
        assert_eq!(of((vec![blob.clone(); 40], id(2), blob)), [id(2)]);
    }

    #[test]
    fn channels_are_found_on_both_sides_of_every_threshold() {
        // Bytes that look like CHANNEL opcodes, around the length from which content is skipped and the number of tokens
        // after which that is decided; with a channel or without one.
        for len in [0, 1, 58, 59, 60, 63, 64, 65, 66, 1023, 1024, 1025] {
            for count in [1, 6, 7, 8, 14, 15, 16, 17, 31, 32, 33, 48, 49, 64, 100] {
                let blobs = vec![Bytes(vec![b'B'; len]); count];
                let place = alloc::format!("{count} of {len} bytes");
                assert_eq!(of((blobs.clone(), ChannelId(9))), [ChannelId(9)], "{place}");
                assert_eq!(of((ChannelId(9), blobs.clone())), [ChannelId(9)], "{place}");
                let small = vec![7; count];
                let mixed = (
                    small,
                    blobs.clone(),
                    ChannelId(3),
                    vec![7; count],
                    ChannelId(5),
                );
                assert_eq!(of(mixed), [ChannelId(3), ChannelId(5)], "{place}");
                assert_eq!(of(blobs), [], "{place}");
            }
        }
    }

    #[test]
    fn the_opcode_byte_inside_other_values_is_not_a_channel() {
        assert_eq!(of("B".repeat(100)), []);
        assert_eq!(of(Bytes("B\0\0\0\x01".repeat(100))), []);
        assert_eq!(of(vec![0x4242_4242; 1000]), []);
    }

    #[test]
    fn a_malformed_payload_gives_the_channels_before_the_fault() {
        assert_eq!(references(b"").unwrap(), []);
        assert_eq!(references(b"B\0\0").unwrap(), []);
        assert_eq!(references(b"B\0\0\0\x01").unwrap(), [ChannelId(1)]);
        assert_eq!(
            references(b"B\0\0\0\x01QB\0\0\0\x02").unwrap(),
            [ChannelId(1)]
        );
        assert_eq!(references(b"\xffB\0\0\0\x01Q").unwrap(), []);
    }
}
