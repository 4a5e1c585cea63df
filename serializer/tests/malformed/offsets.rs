//! Offsets of errors.

use super::*;

/// Where the opcodes start, up to the first that is not sound.
fn opcode_starts(bytes: &[u8]) -> Vec<usize> {
    let mut tokens = Tokens::new(bytes);
    let mut starts = vec![0];
    while let Some(Ok(_)) = tokens.next() {
        starts.push(tokens.offset());
    }
    starts
}

#[test]
fn every_error_is_in_the_opcode_with_which_it_shows() {
    let mut seen = 0;
    for entry in vectors::entries("malformed.json") {
        let bytes = input(&entry);
        let Err(error) = LoadOptions::wire().loads(&bytes) else {
            continue;
        };
        if error.is_limit() {
            continue;
        }
        seen += 1;
        // The shortest input that shows it.
        let shows = |end: &usize| {
            LoadOptions::wire()
                .loads(&bytes[..*end])
                .is_err_and(|e| e == error)
        };
        let end = (0..=bytes.len()).find(shows).unwrap();
        let starts = opcode_starts(&bytes);
        let last = starts.into_iter().rfind(|start| *start < end).unwrap_or(0);
        assert!(error.offset() >= last, "{error}: {entry}");
        assert!(error.offset() <= end, "{error}: {entry}");
        assert!(
            error.offset() < end || error.is_truncated(),
            "{error}: {entry}"
        );
    }
    assert!(seen > 90, "only {seen} errors");
}

#[test]
fn an_error_has_the_offset_of_its_opcode_or_operand() {
    for (bytes, offset) in [
        (&b""[..], 0),
        (b"F\0\0", 1),
        (b"N\0\0\0\x05ab", 5),
        (b"LU", 1),
        (b"L\x00", 1),
        (b"LN\xff\xff\xff\xffabc", 2),
        (b"L@\xff\xff\xff\xffabc", 2),
        (b"J\x4e\0\0\0\x01\xffLPQ", 1),
        (b"JLN\0\0\0\x01\xffPQ", 2),
        (b"LH\0\0\0\x01xQ", 1),
        (b"JK\0\0\0\0LPQ", 7),
        (b"LLQ", 2),
        (b"K\0\0\0\x02F\0\0\0\0LPQ", 12),
        (b"K\0\0\0\x02F\0\0\0\x01LPQ", 11),
    ] {
        let error = LoadOptions::wire().loads(bytes).unwrap_err();
        assert_eq!(error.offset(), offset, "{error}: {bytes:02x?}");
    }
}
