//! Where the verdict differs from that of a stock Python reader.

use super::*;

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
