use alloc::string::ToString as _;
use alloc::vec;
use alloc::vec::Vec;

use execnet_serializer::{Dump, DumpOptions, Limits};

use super::write::replace_payload;
use super::{PickleError, from_opcodes, is_pickle, to_opcodes};

/// The payload with these operations.
fn item(operations: &[u8]) -> Vec<u8> {
    [b"\x80\x04", operations, b"Q"].concat()
}

fn read(operations: &[u8]) -> Result<Vec<u8>, PickleError> {
    to_opcodes(&item(operations), Limits::default())
}

fn opcodes(value: impl Dump) -> Vec<u8> {
    DumpOptions::wire().dumps(&value).unwrap()
}

#[test]
fn operations_of_plain_values_are_read() {
    for (operations, value) in [
        (&b"N."[..], opcodes(())),
        (b"K\x07.", opcodes(7)),
        (b"M\xff\xff.", opcodes(65_535)),
        (b"J\xff\xff\xff\xff.", opcodes(-1)),
        (b"\x8a\x01\xfe.", opcodes(-2)),
        (b"\x8a\x05\x00\x00\x00\x00\x01.", opcodes(1_i64 << 32)),
        (b"G\x3f\xf8\x00\x00\x00\x00\x00\x00.", opcodes(1.5)),
        (b"\x8c\x02ab.", opcodes("ab")),
        (b"X\x02\x00\x00\x00ab.", opcodes("ab")),
        (b"].", opcodes(Vec::<i32>::new())),
        (b"]K\x01a.", opcodes([1])),
        (b"](K\x01K\x02e(K\x03e.", opcodes([1, 2, 3])),
        (b"](K\x01\x85K\x02\x85e.", opcodes([(1,), (2,)])),
        (b"]]K\x01aa.", opcodes([[1]])),
        (b"](]]e.", opcodes([[0_i32; 0]; 2])),
        (b"](](K\x01K\x02e](K\x03K\x04ee.", opcodes([[1, 2], [3, 4]])),
        (b"(K\x01K\x02K\x03K\x04t.", opcodes((1, 2, 3, 4))),
        (b"K\x01K\x02\x86.", opcodes((1, 2))),
        // The length of a frame is not longer than the rest, and says nothing else.
        (b"\x95\x00\x00\x00\x00\x00\x00\x00\x00K\x07.", opcodes(7)),
        // Dicts, sets and frozensets, as opcodes.
        (
            b"}(K\x01NK\x02Nu.",
            b"JF\0\0\0\x01LPF\0\0\0\x02LPQ".to_vec(),
        ),
        (
            b"\x8f(K\x01K\x02\x90(K\x03\x90.",
            b"F\0\0\0\x01F\0\0\0\x02F\0\0\0\x03O\0\0\0\x03Q".to_vec(),
        ),
        (b"\x8f.", b"O\0\0\0\0Q".to_vec()),
        (b"(\x91.", b"E\0\0\0\0Q".to_vec()),
        (
            b"((K\x01\x91K\x02\x91.",
            b"F\0\0\0\x01E\0\0\0\x01F\0\0\0\x02E\0\0\0\x02Q".to_vec(),
        ),
    ] {
        assert_eq!(read(operations), Ok(value), "{}", operations.escape_ascii());
    }
}

#[test]
fn other_operations_are_refused_where_they_are() {
    use PickleError::{End, Operation, Stack, Truncated};
    for (operations, error) in [
        // Names, calls, a memo, and protocol 5.
        (
            &b"cos\nsystem\n."[..],
            Operation {
                byte: b'c',
                offset: 2,
            },
        ),
        (
            b"NR.",
            Operation {
                byte: b'R',
                offset: 3,
            },
        ),
        (
            b"]\x94.",
            Operation {
                byte: 0x94,
                offset: 3,
            },
        ),
        (
            b"\x97.",
            Operation {
                byte: 0x97,
                offset: 2,
            },
        ),
        // STOP is taken for their last byte.
        (b"K", Truncated { offset: 4 }),
        (b"X\x02\x00\x00\x00a", Truncated { offset: 9 }),
        (b"X\xff\xff\xff\xff", Truncated { offset: 2 }),
        (
            b"\x95\x04\x00\x00\x00\x00\x00\x00\x00N.",
            Truncated { offset: 2 },
        ),
        (b"Na.", Stack { offset: 3 }),
        (b"](e.", Stack { offset: 4 }),
        (b"]K\x01(a.", Stack { offset: 6 }),
        (b"}(Nu.", Stack { offset: 5 }),
        (b"}Ns.", Stack { offset: 4 }),
        (b"\x8fNa.", Stack { offset: 4 }),
        (b"\x85.", Stack { offset: 2 }),
        (b"t.", Stack { offset: 2 }),
        (b".", End { offset: 2 }),
        (b"NN.", End { offset: 4 }),
        (b"N(.", End { offset: 4 }),
        (b"N.N", End { offset: 3 }),
    ] {
        assert_eq!(
            read(operations),
            Err(error),
            "{}",
            operations.escape_ascii()
        );
    }
    let protocol = to_opcodes(b"\x80\x05N.Q", Limits::default());
    assert_eq!(protocol, Err(Operation { byte: 5, offset: 1 }));
}

/// Limits hold while the pickle is read the first time, when nothing of it was written yet.
#[test]
fn limits_hold_before_anything_is_written() {
    let nones = item(&[b"](", &b"N".repeat(1000)[..], b"e."].concat());
    let limits = Limits::default();
    for (payload, limits, error) in [
        (
            &nones,
            limits.with_bytes(1000),
            PickleError::TooLong { limit: 1000 },
        ),
        (
            &nones,
            limits.with_bytes(7000),
            PickleError::TooLong { limit: 7000 },
        ),
        (
            &nones,
            limits.with_items(1000),
            PickleError::TooManyItems { limit: 1000 },
        ),
        (
            &item(&b"(".repeat(100)),
            limits.with_depth(99),
            PickleError::TooDeep { limit: 99 },
        ),
    ] {
        let found = to_opcodes(payload, limits).unwrap_err();
        assert!(found.is_limit());
        assert_eq!(found, error);
    }
    let enough = limits.with_bytes(7006).with_items(1001);
    assert_eq!(
        to_opcodes(&nones, enough).map(|opcodes| opcodes.len()),
        Ok(7006)
    );
}

/// A value goes back and forth unchanged, and what a pickle cannot say stays as it is.
#[test]
fn an_item_becomes_a_pickle_if_that_says_the_same() {
    for same in [
        opcodes(vec![vec![1; 1001]; 2]),
        opcodes(vec![("a", 1.5); 1000]),
        opcodes([(1, 2, 3, (1, 2, 3, 4)), (4, 5, 6, (5, 6, 7, 8))]),
        b"JN\0\0\0\x01aF\0\0\0\x01F\0\0\0\x02O\0\0\0\x02PQ".to_vec(),
    ] {
        let pickle = from_opcodes(&same, false).unwrap();
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
        assert_eq!(from_opcodes(other, false), None, "{}", other.escape_ascii());
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
        let found = from_opcodes(&pair_of(&value), false);
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
            assert_eq!(from_opcodes(&items, false), Some(pickle), "{len} items");
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
        assert_eq!(from_opcodes(item, false), None, "{}", item.escape_ascii());
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
        (&shortest, from_opcodes(&shortest, false)),
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

/// The opcodes may be as long as the limit, and not a byte longer; the same of values and of marks.
#[test]
fn limits_are_exact() {
    for (operations, values) in [
        (&b"N."[..], 1),
        (b"K\x07.", 1),
        (b"G\x3f\xf8\x00\x00\x00\x00\x00\x00.", 1),
        (b"\x8c\x02ab.", 1),
        (b"C\x02ab.", 1),
        (b"](\x8c\x02ab\x8c\x02abe.", 3),
        (b")\x85.", 1),
        (b"](K\x01K\x02K\x03e.", 4),
        (b"}(NN\x88NK\x01Nu.", 7),
        (b"\x8f(NK\x01\x90.", 3),
    ] {
        let item = item(operations);
        let len = read(operations).unwrap().len();
        let limits = Limits::default();
        let bytes = |bytes| to_opcodes(&item, limits.with_bytes(bytes)).map(drop);
        // The pickle itself counts as well.
        let least = len.max(item.len());
        assert_eq!(bytes(least), Ok(()), "{}", operations.escape_ascii());
        assert!(bytes(least - 1).unwrap_err().is_limit());
        let items = |items| to_opcodes(&item, limits.with_items(items)).map(drop);
        assert_eq!(items(values), Ok(()), "{}", operations.escape_ascii());
        assert!(items(values - 1).unwrap_err().is_limit());
    }
    let marks = item(b"((((tttt.");
    let depth = |depth| to_opcodes(&marks, Limits::default().with_depth(depth)).map(drop);
    assert_eq!(depth(4), Ok(()));
    assert_eq!(depth(3), Err(PickleError::TooDeep { limit: 3 }));
}

/// How long the text of an int is shows when it is written: three digits are counted for each byte.
#[test]
fn the_digits_of_a_long_int_are_counted_before_they_are_made() {
    let item = item(b"\x8a\x05\x00\x00\x00\x00\x01.");
    let bytes = |bytes| to_opcodes(&item, Limits::default().with_bytes(bytes)).map(drop);
    assert_eq!(bytes(1 + 6 + 3 * 5), Ok(()));
    assert_eq!(bytes(6 + 3 * 5), Err(PickleError::TooLong { limit: 21 }));
}

#[test]
fn a_frame_may_be_as_long_as_the_rest() {
    let frame = |len: u8| [b"\x95", &[len, 0, 0, 0, 0, 0, 0, 0][..], b"K\x07."].concat();
    // STOP of execnet is a part of the rest.
    assert_eq!(read(&frame(4)), Ok(opcodes(7)));
    assert_eq!(read(&frame(5)), Err(PickleError::Truncated { offset: 2 }));
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let limit = 3;
    for (error, text) in [
        (
            PickleError::Truncated { offset: 7 },
            "the pickle ends within the operation at byte 7",
        ),
        (
            PickleError::Operation {
                byte: 0x63,
                offset: 2,
            },
            "byte 2 of the pickle: 0x63 is not an operation of plain values",
        ),
        (
            PickleError::Stack { offset: 4 },
            "byte 4 of the pickle: the operation has too few values, or others than it needs",
        ),
        (
            PickleError::End { offset: 5 },
            "byte 5 of the pickle: its end, without exactly one value before it and nothing behind it",
        ),
        (
            PickleError::TooManyItems { limit },
            "the pickle has more than 3 values",
        ),
        (
            PickleError::TooDeep { limit },
            "the pickle is nested deeper than 3 containers",
        ),
        (
            PickleError::TooLong { limit },
            "the pickle has more than 3 bytes",
        ),
    ] {
        assert_eq!(error.to_string(), text);
        assert_eq!(error.is_limit(), text.contains(" than 3 "));
    }
}

/// What a pickle with a memo says, without it.
fn without_memo(pickle: &[u8]) -> Vec<u8> {
    let mut out = pickle[..2].to_vec();
    let mut memo: Vec<Vec<u8>> = Vec::new();
    let mut rest = &pickle[2..];
    while let [op, operand @ ..] = rest {
        let long = |at: usize| u32::from_le_bytes(operand[at..at + 4].try_into().unwrap()) as usize;
        let len = match op {
            b'h' | b'K' => 1,
            b'j' | b'J' => 4,
            b'M' => 2,
            0x8c => 1 + usize::from(operand[0]),
            b'X' => 4 + long(0),
            _ => 0,
        };
        let whole;
        (whole, rest) = rest.split_at(1 + len);
        match op {
            b'h' => out.extend(&memo[usize::from(operand[0])]),
            b'j' => out.extend(&memo[long(0)]),
            _ if rest.first() == Some(&0x94) => {
                memo.push(whole.to_vec());
                out.extend(whole);
                rest = &rest[1..];
            }
            _ => out.extend(whole),
        }
    }
    out
}

#[test]
fn a_text_that_comes_the_third_time_is_its_number() {
    let item = opcodes(["ab", "ab", "ab", "c", "ab"]);
    let pickle = b"\x80\x04](\x8c\x02ab\x8c\x02ab\x94h\0\x8c\x01ch\0e.Q";
    assert_eq!(from_opcodes(&item, true).as_deref(), Some(&pickle[..]));
    assert_eq!(without_memo(pickle), from_opcodes(&item, false).unwrap());
}

/// Texts of all lengths, more than there are slots, and some with the same slot.
#[test]
fn a_memo_changes_nothing_but_the_length() {
    let text = |number: u32| match number % 3 {
        0 => number.to_string(),
        1 => std::format!("{number:04}"),
        _ => std::format!("{number} and the same end"),
    };
    let texts: Vec<_> = (0..20_000_u32).map(|at| text(at * at % 997)).collect();
    let item = opcodes(&texts);
    let (with, without) = (from_opcodes(&item, true), from_opcodes(&item, false));
    let (with, without) = (with.unwrap(), without.unwrap());
    assert!(with.len() < without.len());
    // More than fit one byte.
    assert!(with.contains(&b'j'));
    assert_eq!(without_memo(&with), without);
}

#[test]
fn a_text_in_the_place_of_an_index_is_no_number() {
    let mut item = opcodes(["ab", "ab", "ab"]);
    let index = item.len() - b"F\0\0\0\x02N\0\0\0\x02abPQ".len();
    item.splice(index..index + 5, *b"N\0\0\0\x02ab");
    assert_eq!(from_opcodes(&item, true), None);
}
