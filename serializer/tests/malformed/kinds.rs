//! Kinds of errors, and their texts.

use super::*;

#[test]
fn truncated_and_malformed_input_are_distinguished() {
    let mut seen = 0;
    for entry in vectors::entries("malformed.json") {
        let name = vectors::text(&entry, "name");
        if !name.starts_with("trunc/") {
            continue;
        }
        seen += 1;
        let error = LoadOptions::wire().loads(&input(&entry)).unwrap_err();
        // An item is missing in the middle: STOP is there.
        let broken = name == "trunc/list_missing_items";
        assert_eq!(error.is_truncated(), !broken, "{name}: {error}");
        assert_eq!(error.is_malformed(), broken, "{name}: {error}");
    }
    assert_eq!(seen, 18);
}

#[test]
fn every_error_is_of_one_kind() {
    let limits = Limits::default();
    let mut kinds = [0; 4];
    for entry in vectors::entries("malformed.json") {
        let bytes = input(&entry);
        for limits in [limits, limits.with_items(1), limits.with_bytes(3)] {
            for options in [LoadOptions::new(), LoadOptions::wire()] {
                let loaded = options.with_limits(limits).loads(&bytes);
                let Err(error) = loaded else { continue };
                let kind = [
                    error.is_truncated(),
                    error.is_version(),
                    error.is_limit(),
                    error.is_malformed(),
                ];
                assert_eq!(kind.iter().filter(|is| **is).count(), 1, "{error}");
                kinds
                    .iter_mut()
                    .zip(kind)
                    .for_each(|(n, is)| *n += i32::from(is));
                assert!(error.is_malformed() || !error.is_utf8(), "{error}");
            }
        }
    }
    assert!(kinds.iter().all(|seen| *seen > 0), "{kinds:?}");
}

#[test]
fn every_error_has_a_text() {
    let narrow = LoadOptions::wire().with_limits(Limits::default().with_bytes(3).with_depth(1));
    let loads = |bytes| LoadOptions::new().loads(bytes).unwrap_err().to_string();
    for (bytes, text) in [
        (
            &b""[..],
            "byte 0: unexpected end of input: expected 1 byte, found 0",
        ),
        (
            b"r",
            "byte 0: not an execnet dump: expected version byte 0x02, found 0x72",
        ),
        (
            b"\x02F\0",
            "byte 2: unexpected end of input: expected 4 bytes, found 1",
        ),
        (b"\x02U", "byte 1: unknown opcode 0x55"),
        (b"\x02A\xff\xff\xff\xff", "byte 2: negative length -1"),
        (
            b"\x02P",
            "byte 1: stack underflow: expected 3 values, found 0",
        ),
        (
            b"\x02LLLP",
            "byte 4: SETITEM on a value that is neither list nor dict",
        ),
        (
            b"\x02K\0\0\0\0LLP",
            "byte 8: list item out of order: expected index 0",
        ),
        (
            b"\x02K\0\0\0\x01Q",
            "byte 6: incomplete list: 1 item missing",
        ),
        (
            b"\x02JJLP",
            "byte 4: unhashable dict key or set element (a list, dict or set)",
        ),
        (b"\x02N\0\0\0\x01\xff", "byte 1: invalid UTF-8 in text"),
        (b"\x02H\0\0\0\x01-", "byte 1: invalid decimal integer"),
        (
            b"\x02Q",
            "byte 1: STOP: expected 1 value on the stack, found 0",
        ),
    ] {
        assert_eq!(loads(bytes), text);
    }
    let narrow = |bytes| narrow.loads(bytes).unwrap_err().to_string();
    assert_eq!(
        narrow(b"LLLQ"),
        "byte 3: input exceeds the limit of 3 bytes"
    );
    assert_eq!(
        narrow(b"JJJ"),
        "byte 3: unexpected end of input: expected 1 byte, found 0"
    );
    let deep = LoadOptions::wire().with_limits(Limits::default().with_depth(1));
    let deep = deep.loads(b"JLJPQ").unwrap_err().to_string();
    assert_eq!(deep, "byte 3: nesting exceeds the limit of 1 containers");
    let small = LoadOptions::wire().document::<1>(b"LLQ").unwrap_err();
    assert_eq!(
        small.to_string(),
        "byte 1: number of values exceeds the capacity of the document"
    );
}

#[test]
fn a_list_with_items_missing_is_refused_wherever_it_goes() {
    // Two items announced, the first is there.
    let list = b"\x4b\0\0\0\x02\x46\0\0\0\0\x4c\x50";
    for (before, after) in [
        (&b""[..], &b"\x51"[..]),
        (b"", b"\x40\0\0\0\x01\x51"),
        (b"\x4a\x4c", b"\x50\x51"),
        (b"\x4b\0\0\0\x01\x46\0\0\0\0", b"\x50\x51"),
    ] {
        let reason = reason_of(&[before, list, after].concat());
        assert_eq!(reason, "incomplete list: 1 item missing");
    }
}
