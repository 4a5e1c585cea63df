use alloc::vec;
use alloc::vec::Vec;

use execnet_serializer::{Dump, DumpOptions, Limits};

use super::{PickleError, from_opcodes, to_opcodes};

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
