//! Texts that repeat in a pickle to a worker.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod without_memo;

use execnet_core_sync::pickle::{from_opcodes, from_opcodes_with_memo};
use execnet_serializer::{Dump, DumpOptions};

use without_memo::without_memo;

fn opcodes(value: impl Dump) -> Vec<u8> {
    DumpOptions::wire().dumps(&value).unwrap()
}

#[test]
fn a_text_that_comes_the_third_time_is_its_number() {
    let item = opcodes(["ab", "ab", "ab", "c", "ab"]);
    let pickle = b"\x80\x04](\x8c\x02ab\x8c\x02ab\x94h\0\x8c\x01ch\0e.Q";
    assert_eq!(from_opcodes_with_memo(&item).as_deref(), Some(&pickle[..]));
    assert_eq!(without_memo(pickle), from_opcodes(&item).unwrap());
}

/// Texts of all lengths, more than there are slots, and some with the same slot.
#[test]
fn a_memo_changes_nothing_but_the_length() {
    let text = |number: u32| match number % 3 {
        0 => number.to_string(),
        1 => format!("{number:04}"),
        _ => format!("{number} and the same end"),
    };
    let texts: Vec<_> = (0..20_000_u32).map(|at| text(at * at % 997)).collect();
    let item = opcodes(&texts);
    let (with, without) = (from_opcodes_with_memo(&item), from_opcodes(&item));
    let (with, without) = (with.unwrap(), without.unwrap());
    assert!(with.len() < without.len());
    assert_eq!(without_memo(&with), without);
}

#[test]
fn a_text_in_the_place_of_an_index_is_no_number() {
    let mut item = opcodes(["ab", "ab", "ab"]);
    let index = item.len() - b"F\0\0\0\x02N\0\0\0\x02abPQ".len();
    item.splice(index..index + 5, *b"N\0\0\0\x02ab");
    assert_eq!(from_opcodes_with_memo(&item), None);
}
