//! Limits on values.

use super::*;

/// Bytes, the values in them, and where the last of these is.
const COUNTED: &[(&[u8], usize, usize)] = &[
    (b"LQ", 1, 0),
    (b"K\0\0\0\x02F\0\0\0\0LPF\0\0\0\x01LPQ", 3, 17),
    // An item that is a container.
    (b"K\0\0\0\x01F\0\0\0\0K\0\0\0\0PQ", 2, 10),
    (b"JLLPRLPQ", 5, 5),
    (b"JLJPQ", 3, 2),
    (b"LL@\0\0\0\x02Q", 3, 2),
    (b"LLO\0\0\0\x02Q", 3, 2),
    (b"LLE\0\0\0\x02Q", 3, 2),
];

#[test]
fn limits_are_clamped_to_the_supported_maximum() {
    let limits = Limits::default();
    let deepest = Limits::MAX_DEPTH;
    for (asked, set) in [
        (0, 0),
        (deepest - 1, deepest - 1),
        (deepest, deepest),
        (deepest + 1, deepest),
        (u16::MAX, deepest),
    ] {
        assert_eq!(limits.with_depth(asked).depth(), set, "{asked}");
    }
    let most = u32::MAX as usize;
    for (asked, set) in [
        (0, 0),
        (most - 1, most - 1),
        (most, most),
        (most.saturating_add(1), most),
        (usize::MAX, most),
    ] {
        assert_eq!(limits.with_items(asked).items(), set, "{asked}");
    }
    assert_eq!(limits.with_bytes(usize::MAX).bytes(), usize::MAX);
}

#[test]
fn the_limit_on_values_counts_containers_keys_and_items() {
    for (bytes, values, last) in COUNTED {
        let loaded = |items| {
            let limits = Limits::default().with_items(items);
            LoadOptions::wire().with_limits(limits).loads(bytes)
        };
        assert!(loaded(*values).is_ok(), "{values}: {bytes:02x?}");
        let error = loaded(values - 1).unwrap_err();
        assert!(error.is_limit(), "{error}: {bytes:02x?}");
        assert_eq!(error.offset(), *last, "{error}: {bytes:02x?}");
        let text = format!(
            "byte {last}: number of values exceeds the limit of {}",
            values - 1
        );
        assert_eq!(error.to_string(), text);
    }
}
