//! Reading pickles that workers send, and refusing other bytes.

use alloc::string::ToString as _;
use alloc::vec::Vec;

use execnet_serializer::Limits;

use super::opcodes;
use crate::pickle::{PickleError, to_opcodes};

/// The payload with these operations.
fn item(operations: &[u8]) -> Vec<u8> {
    [b"\x80\x04", operations, b"Q"].concat()
}

fn read(operations: &[u8]) -> Result<Vec<u8>, PickleError> {
    to_opcodes(&item(operations), Limits::default())
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
fn the_length_in_frame_is_at_most_that_of_the_rest() {
    let frame = |len: u8| [b"\x95", &[len, 0, 0, 0, 0, 0, 0, 0][..], b"K\x07."].concat();
    // STOP of execnet is a part of the rest.
    assert_eq!(read(&frame(4)), Ok(opcodes(7)));
    assert_eq!(read(&frame(5)), Err(PickleError::Truncated { offset: 2 }));
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let limit = 3;
    for (error, is_limit, text) in [
        (
            PickleError::Truncated { offset: 7 },
            false,
            "the pickle ends within the operation at byte 7",
        ),
        (
            PickleError::Operation {
                byte: 0x63,
                offset: 2,
            },
            false,
            "byte 2 of the pickle: 0x63 is not an operation of plain values",
        ),
        (
            PickleError::Stack { offset: 4 },
            false,
            "byte 4 of the pickle: the operation has too few values, or others than it needs",
        ),
        (
            PickleError::End { offset: 5 },
            false,
            "byte 5 of the pickle: its end, without exactly one value before it and nothing behind it",
        ),
        (
            PickleError::TooManyItems { limit },
            true,
            "the pickle has more than 3 values",
        ),
        (
            PickleError::TooDeep { limit },
            true,
            "the pickle is nested deeper than 3 containers",
        ),
        (
            PickleError::TooLong { limit },
            true,
            "the pickle has more than 3 bytes",
        ),
    ] {
        assert_eq!(error.to_string(), text);
        assert_eq!(error.is_limit(), is_limit, "{text}");
    }
}
