//! Items that become pickles, and items that do not.

use alloc::vec;
use alloc::vec::Vec;

use execnet_serializer::Limits;

use super::opcodes;
use crate::pickle::write::replace_payload;
use crate::pickle::{from_opcodes, is_pickle, to_opcodes};

/// A value goes back and forth unchanged, and what a pickle cannot say stays as it is.
#[test]
fn an_item_becomes_a_pickle_if_that_says_the_same() {
    for same in [
        opcodes(vec![vec![1; 1001]; 2]),
        opcodes(vec![("a", 1.5); 1000]),
        opcodes([(1, 2, 3, (1, 2, 3, 4)), (4, 5, 6, (5, 6, 7, 8))]),
        b"JN\0\0\0\x01aF\0\0\0\x01F\0\0\0\x02O\0\0\0\x02PQ".to_vec(),
    ] {
        let pickle = from_opcodes(&same).unwrap();
        assert_eq!(to_opcodes(&pickle, Limits::default()), Ok(same));
    }
    for other in [
        // Scalars, a channel, a complex number, text of Python 2, an int of 129 bits, large text.
        &b"F\0\0\0\x01Q"[..],
        b"K\0\0\0\x01F\0\0\0\0B\0\0\0\x01PQ",
        b"K\0\0\0\x01F\0\0\0\0T0123456789abcdefPQ",
        b"K\0\0\0\x01F\0\0\0\0M\0\0\0\x01aPQ",
        b"K\0\0\0\x01F\0\0\0\0H\0\0\0\x27340282366920938463463374607431768211457PQ",
        // Text that is no UTF-8, items out of order, and a list without its item.
        b"K\0\0\0\x01F\0\0\0\0N\0\0\0\x01\xffPQ",
        b"K\0\0\0\x02F\0\0\0\x01LPF\0\0\0\0LPQ",
        b"K\0\0\0\x01Q",
        &opcodes(["x".repeat(64 * 1024)]),
    ] {
        assert_eq!(from_opcodes(other), None, "{}", other.escape_ascii());
    }
}

/// The opcodes of a list of this value and None.
fn pair_of(value: &[u8]) -> Vec<u8> {
    let (open, close) = (b"K\0\0\0\x02F\0\0\0\0", b"PF\0\0\0\x01LPQ");
    [open, value, close].concat()
}

#[test]
fn each_value_has_its_operations() {
    let counted = |code: &[u8], len: &[u8], byte| [code, len, &vec![byte; 256]].concat();
    let short = |code: &[u8], len: &[u8], byte| [code, len, &vec![byte; 255]].concat();
    for (value, operations) in [
        (b"L".to_vec(), b"N".to_vec()),
        (b"R".to_vec(), b"\x88".to_vec()),
        (b"C".to_vec(), b"\x89".to_vec()),
        (b"F\0\0\0\xff".to_vec(), b"K\xff".to_vec()),
        (b"F\0\0\x01\0".to_vec(), b"M\0\x01".to_vec()),
        (b"F\0\0\xff\xff".to_vec(), b"M\xff\xff".to_vec()),
        (b"F\0\x01\0\0".to_vec(), b"J\0\0\x01\0".to_vec()),
        (b"F\xff\xff\xff\xff".to_vec(), b"J\xff\xff\xff\xff".to_vec()),
        (
            b"D\x3f\xf8\0\0\0\0\0\0".to_vec(),
            b"G\x3f\xf8\0\0\0\0\0\0".to_vec(),
        ),
        (
            b"H\0\0\0\x0a4294967296".to_vec(),
            b"\x8a\x05\0\0\0\0\x01".to_vec(),
        ),
        (b"H\0\0\0\x03128".to_vec(), b"\x8a\x02\x80\0".to_vec()),
        (b"H\0\0\0\x04-128".to_vec(), b"\x8a\x01\x80".to_vec()),
        (b"N\0\0\0\x02ab".to_vec(), b"\x8c\x02ab".to_vec()),
        (
            short(b"N", b"\0\0\0\xff", b'x'),
            short(b"\x8c", b"\xff", b'x'),
        ),
        (
            counted(b"N", b"\0\0\x01\0", b'x'),
            counted(b"X", b"\0\x01\0\0", b'x'),
        ),
        (short(b"A", b"\0\0\0\xff", 0xff), short(b"C", b"\xff", 0xff)),
        (
            counted(b"A", b"\0\0\x01\0", 0xff),
            counted(b"B", b"\0\x01\0\0", 0xff),
        ),
        (b"@\0\0\0\0".to_vec(), b")".to_vec()),
        (b"L@\0\0\0\x01".to_vec(), b"N\x85".to_vec()),
        (b"LL@\0\0\0\x02".to_vec(), b"NN\x86".to_vec()),
        (b"LLL@\0\0\0\x03".to_vec(), b"NNN\x87".to_vec()),
        (b"LLLL@\0\0\0\x04".to_vec(), b"(NNNNt".to_vec()),
        (b"O\0\0\0\0".to_vec(), b"\x8f".to_vec()),
        (b"LO\0\0\0\x01".to_vec(), b"\x8f(N\x90".to_vec()),
        (b"E\0\0\0\0".to_vec(), b"(\x91".to_vec()),
        (b"LE\0\0\0\x01".to_vec(), b"(N\x91".to_vec()),
        (b"J".to_vec(), b"}".to_vec()),
        (b"JLRP".to_vec(), b"}N\x88s".to_vec()),
        (b"K\0\0\0\0".to_vec(), b"]".to_vec()),
        (b"K\0\0\0\x01F\0\0\0\0LP".to_vec(), b"]Na".to_vec()),
        // Marks of tuples and sets behind dicts and lists, which begin where they are.
        (
            b"JLRPK\0\0\0\x01F\0\0\0\0LPCE\0\0\0\0@\0\0\0\x04".to_vec(),
            b"(}N\x88s]Na\x89(\x91t".to_vec(),
        ),
    ] {
        let pickle = [b"\x80\x04](", &operations[..], b"Ne.Q"].concat();
        let found = from_opcodes(&pair_of(&value));
        assert_eq!(found, Some(pickle), "{}", value.escape_ascii());
    }
}

#[test]
fn long_lists_are_appended_in_batches() {
    for len in [999, 1000, 1001, 2000, 2001] {
        for (items, one) in [
            (opcodes(vec![(); len]), &b"N"[..]),
            (opcodes(vec![7; len]), b"K\x07"),
        ] {
            let mut pickle = b"\x80\x04](".to_vec();
            for at in 1..=len {
                pickle.extend(one);
                if at % 1000 == 0 && at < len {
                    pickle.extend(b"e(");
                }
            }
            pickle.extend(b"e.Q");
            assert_eq!(from_opcodes(&items), Some(pickle), "{len} items");
        }
    }
}

#[test]
fn items_that_are_not_whole_stay_as_they_are() {
    for item in [
        // An index without an item: alone, in a tuple, and as the value of a dict.
        &b"K\0\0\0\x01F\0\0\0\0Q"[..],
        b"K\0\0\0\x01F\0\0\0\0@\0\0\0\x01Q",
        b"JLK\0\0\0\x01F\0\0\0\0PQ",
        // A wrong index among ints, a short stack, and two values.
        b"K\0\0\0\x03F\0\0\0\0F\0\0\0\x07PF\0\0\0\x02F\0\0\0\x07PF\0\0\0\x02F\0\0\0\x07PQ",
        b"LL@\0\0\0\x03Q",
        b"JLLPLQ",
    ] {
        assert_eq!(from_opcodes(item), None, "{}", item.escape_ascii());
    }
}

#[test]
fn a_payload_is_replaced_from_a_length_on_and_if_a_pickle_says_it() {
    let list_of_text = |len: usize| opcodes(["x".repeat(len)]);
    let (shorter, shortest) = (list_of_text(182), list_of_text(183));
    assert_eq!((shorter.len(), shortest.len()), (199, 200));
    let channels = pair_of(&b"B\0\0\0\x01@\0\0\0\x01".repeat(30));
    for (item, pickle) in [
        (&shorter, None),
        (&shortest, from_opcodes(&shortest)),
        (&channels, None),
    ] {
        let mut bytes = [b"header", &item[..]].concat();
        assert_eq!(replace_payload(&mut bytes, 6), pickle.is_some());
        let (header, payload) = bytes.split_at(6);
        assert_eq!(header, b"header");
        assert_eq!(payload, pickle.as_ref().unwrap_or(item));
        assert_eq!(is_pickle(payload), pickle.is_some());
    }
}
