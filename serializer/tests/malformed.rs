//! Broken and odd input: the verdict of a stock Python reader, and where ours
//! differs.

#![cfg(feature = "alloc")]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

#[path = "common/vectors.rs"]
mod vectors;

use execnet_serializer::{LoadError, LoadOptions, StrConfig, Value, loads_internal};
use serde_json::Value as Json;

/// What a stock reader takes and we refuse, and our reason once the input is
/// long enough for what it announces.
///
/// The classes are those of `docs/wire-format.md`, which says why.
const STRICTER: &[(&str, &str)] = &[
    // A list is filled in order and whole.
    (
        "trunc/list_missing_items",
        "takes a list that still misses 1 items",
    ),
    (
        "list/newlist_3_unfilled",
        "takes a list that still misses 3 items",
    ),
    (
        "odd/dict_value_none_slots",
        "takes a list that still misses 2 items",
    ),
    ("list/index_-1", "list items come in order: index 0 is due"),
    ("list/index_-2", "list items come in order: index 0 is due"),
    (
        "list/index_true",
        "list items come in order: index 0 is due",
    ),
    (
        "list/index_false",
        "list items come in order: index 0 is due",
    ),
    (
        "list/index_longint_small",
        "list items come in order: index 0 is due",
    ),
    (
        "list/same_index_twice",
        "list items come in order: index 1 is due",
    ),
    (
        "list/reverse_order",
        "list items come in order: index 0 is due",
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
    ("few/tuple_2_on_0", "takes 2 values where 0 are at hand"),
    ("few/tuple_3_on_1", "takes 3 values where 1 are at hand"),
    ("few/set_3_on_1", "takes 3 values where 1 are at hand"),
    ("few/frozenset_2_on_1", "takes 2 values where 1 are at hand"),
    (
        "few/tuple_eats_container",
        "takes 9 values where 3 are at hand",
    ),
    // Nesting is limited.
    (
        "odd/deep_5000_tuples",
        "nested deeper than the limit of 512",
    ),
];

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
                .strings(strings(&entry["kwargs"]))
                .loads(&bytes);
            cases.push((name.into(), loaded, stock(outcome)));
            continue;
        }
        cases.push((name.into(), loads_internal(&bytes), stock(outcome)));
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
fn the_verdict_is_that_of_a_stock_reader_but_where_the_tables_say() {
    let mut cases = cases();
    let total = cases.len();
    assert!(total > 260, "only {total} cases");
    cases.retain(|(name, ..)| {
        let listed = [STRICTER, LOOSER].concat();
        !listed.iter().any(|(listed, _)| listed == name)
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
fn what_only_a_stock_reader_takes_is_refused_for_the_reason_listed() {
    for (listed, _) in STRICTER {
        let of_name = cases().into_iter().filter(|(name, ..)| name == listed);
        let mut seen = 0;
        for (name, ours, stock) in of_name {
            seen += 1;
            assert!(stock.is_some(), "{name}: a stock reader refuses it too");
            let error = ours.expect_err(&name);
            assert_ne!(error.is_structure(), error.is_limit(), "{name}");
        }
        assert_ne!(seen, 0, "{listed}");
    }
    for entry in vectors::entries("malformed.json") {
        let name = vectors::text(&entry, "name");
        if let Some((_, reason)) = STRICTER.iter().find(|(listed, _)| *listed == name) {
            assert_eq!(reason_at_length(&input(&entry)), *reason, "{name}");
        }
    }
}

/// Why an input is refused that has bytes enough after its STOP.
fn reason_at_length(input: &[u8]) -> String {
    let long = [input, &[0; 32]].concat();
    let message = loads_internal(&long).unwrap_err().to_string();
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
            let ours = loads_internal(&input(&entry)).unwrap().to_string();
            assert_eq!(Some(ours), stock(with_gateway), "{entry}");
        }
    }
}

#[test]
fn every_error_says_where_in_the_input_it_is() {
    for entry in vectors::entries("malformed.json") {
        let bytes = input(&entry);
        if let Err(error) = loads_internal(&bytes) {
            assert!(error.offset() <= bytes.len(), "{error}: {entry}");
        }
    }
}

#[test]
fn truncated_input_is_told_from_broken_input() {
    for entry in vectors::entries("malformed.json") {
        let name = vectors::text(&entry, "name");
        if !name.starts_with("trunc/") || name == "trunc/list_missing_items" {
            continue;
        }
        assert!(
            loads_internal(&input(&entry)).unwrap_err().is_truncated(),
            "{name}"
        );
    }
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
        let reason = reason_at_length(&[before, list, after].concat());
        assert_eq!(reason, "takes a list that still misses 1 items");
    }
}
