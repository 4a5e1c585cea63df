//! Broken and odd input: the verdict of a stock Python reader, and where ours
//! differs.

#![cfg(feature = "literal")]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

#[path = "common/vectors.rs"]
mod vectors;

use execnet_serializer::{Limits, LoadError, LoadOptions, StrConfig, Tokens, Value};
use serde_json::Value as Json;

/// What a stock reader takes and we refuse, and our reason.
///
/// The classes are those of `docs/wire-format.md`, which says why.
const STRICTER: &[(&str, &str)] = &[
    // A list is filled in order and whole.
    (
        "trunc/list_missing_items",
        "incomplete list: 1 item missing",
    ),
    (
        "list/newlist_3_unfilled",
        "incomplete list: 3 items missing",
    ),
    (
        "odd/dict_value_none_slots",
        "incomplete list: 2 items missing",
    ),
    ("list/index_-1", "list item out of order: expected index 0"),
    ("list/index_-2", "list item out of order: expected index 0"),
    (
        "list/index_true",
        "list item out of order: expected index 0",
    ),
    (
        "list/index_false",
        "list item out of order: expected index 0",
    ),
    (
        "list/index_longint_small",
        "list item out of order: expected index 0",
    ),
    (
        "list/same_index_twice",
        "list item out of order: expected index 1",
    ),
    (
        "list/reverse_order",
        "list item out of order: expected index 0",
    ),
    // Lengths and counts are not negative.
    ("neglen/newlist_-1", "negative length -1"),
    ("neglen/newlist_min", "negative length -2147483648"),
    ("neglen/tuple_-2_on_3_then_tuple9", "negative length -2"),
    (
        "neglen/tuple_min_on_1_then_tuple9",
        "negative length -2147483648",
    ),
    // A container takes values that are there.
    (
        "few/tuple_2_on_0",
        "stack underflow: expected 2 values, found 0",
    ),
    (
        "few/tuple_3_on_1",
        "stack underflow: expected 3 values, found 1",
    ),
    (
        "few/set_3_on_1",
        "stack underflow: expected 3 values, found 1",
    ),
    (
        "few/frozenset_2_on_1",
        "stack underflow: expected 2 values, found 1",
    ),
    (
        "few/tuple_eats_container",
        "stack underflow: expected 9 values, found 3",
    ),
    // Nesting is limited.
    (
        "odd/deep_5000_tuples",
        "nesting exceeds the limit of 512 containers",
    ),
];

/// What a stock reader of execnet 2 refuses and we take: what execnet 1 stored,
/// whose version byte alone differs.
const OLDER: &str = "version/1_from_execnet_1.9";

/// What a stock reader takes only inside a gateway, and we take anywhere: a
/// channel is a number here.
const LOOSER: &[(&str, &str)] = &[
    ("channel/no_factory", "Channel(1)"),
    ("channel/id_0", "Channel(0)"),
    ("channel/id_neg", "Channel(-1)"),
    ("channel/id_min", "Channel(-2147483648)"),
    ("channel/in_list", "[Channel(3)]"),
    ("channel/as_dict_key", "{Channel(3): 1}"),
    ("channel/twice_same_id_tuple", "(Channel(3), Channel(3))"),
    ("channel/in_set", "{Channel(3)}"),
];

/// What one reader makes of one input: the value as printed, or none.
type Verdict = Option<String>;

fn stock(outcome: &Json) -> Verdict {
    let refused = outcome["exception"].is_string() || outcome["crash"].is_string();
    assert_ne!(refused, outcome["value"].is_string(), "{outcome}");
    outcome["value"].as_str().map(vectors::literal)
}

/// The name of each case with its inputs: how it was loaded here, and what a
/// stock reader made of it.
fn cases() -> Vec<(String, Result<Value, LoadError>, Verdict)> {
    let mut cases = Vec::new();
    for entry in vectors::entries("malformed.json") {
        let name = vectors::text(&entry, "name");
        let bytes = input(&entry);
        let outcome = &entry["python_outcome"];
        if vectors::text(&entry, "input_is").starts_with("full input") {
            let loaded = LoadOptions::new()
                .with_strings(strings(&entry["kwargs"]))
                .loads(&bytes);
            cases.push((name.into(), loaded, stock(outcome)));
            continue;
        }
        cases.push((
            name.into(),
            LoadOptions::wire().loads(&bytes),
            stock(outcome),
        ));
        let versioned = [&[2][..], &bytes].concat();
        let outcome = match &entry["python_outcome_loads"] {
            Json::String(same) if same == "same" => outcome,
            Json::Null => continue,
            other => other,
        };
        cases.push((
            name.into(),
            LoadOptions::new().loads(&versioned),
            stock(outcome),
        ));
    }
    cases
}

fn input(entry: &Json) -> Vec<u8> {
    if let Some(hex) = entry["hex"].as_str() {
        return vectors::bytes(hex);
    }
    assert_eq!(entry["name"], "odd/tuple_nested_500000_as_dict_key");
    let levels = b"\x40\0\0\0\x01".repeat(500_000);
    [&b"\x4a\x40\0\0\0\0"[..], &levels, b"\x4c\x50\x51"].concat()
}

fn strings(switches: &Json) -> StrConfig {
    StrConfig {
        py2str_as_py3str: switches["py2str_as_py3str"] == true,
        py3str_as_py2str: switches["py3str_as_py2str"] == true,
    }
}

#[test]
fn verdicts_match_python_except_where_documented() {
    let mut cases = cases();
    let total = cases.len();
    assert!(total > 260, "only {total} cases");
    cases.retain(|(name, ..)| {
        let listed = [STRICTER, LOOSER].concat();
        name != OLDER && !listed.iter().any(|(listed, _)| listed == name)
    });
    for (name, ours, stock) in cases {
        assert_eq!(
            ours.as_ref().ok().map(Value::to_string),
            stock,
            "{name}: {ours:?}"
        );
    }
}

#[test]
fn input_that_only_python_accepts_is_refused_for_the_documented_reason() {
    for (listed, _) in STRICTER {
        let of_name = cases().into_iter().filter(|(name, ..)| name == listed);
        let mut seen = 0;
        for (name, ours, stock) in of_name {
            seen += 1;
            assert!(stock.is_some(), "{name}: a stock reader refuses it too");
            let error = ours.expect_err(&name);
            assert!(error.is_malformed() || error.is_limit(), "{name}: {error}");
        }
        assert_ne!(seen, 0, "{listed}");
    }
    for entry in vectors::entries("malformed.json") {
        let name = vectors::text(&entry, "name");
        if let Some((_, reason)) = STRICTER.iter().find(|(listed, _)| *listed == name) {
            assert_eq!(reason_of(&input(&entry)), *reason, "{name}");
        }
    }
}

/// Why an input is refused.
fn reason_of(input: &[u8]) -> String {
    let message = LoadOptions::wire().loads(input).unwrap_err().to_string();
    let (_, reason) = message.split_once(": ").unwrap();
    reason.into()
}

#[test]
fn channels_load_as_numbers_without_a_gateway() {
    for (listed, literal) in LOOSER {
        let of_name = cases().into_iter().filter(|(name, ..)| name == listed);
        let loaded = Vec::from_iter(of_name.map(|(_, ours, _)| ours.unwrap().to_string()));
        assert_eq!(loaded, [*literal, *literal], "{listed}");
    }
    for entry in vectors::entries("malformed.json") {
        let with_gateway = &entry["python_outcome_with_gateway"];
        if with_gateway.is_object() {
            let ours = LoadOptions::wire()
                .loads(&input(&entry))
                .unwrap()
                .to_string();
            assert_eq!(Some(ours), stock(with_gateway), "{entry}");
        }
    }
}

#[test]
fn dumps_of_execnet_1_are_read() {
    let cases = cases().into_iter().filter(|(name, ..)| name == OLDER);
    let read = Vec::from_iter(cases.map(|(_, ours, stock)| (ours.unwrap(), stock)));
    assert_eq!(read, [(Value::None, None)]);
}

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
