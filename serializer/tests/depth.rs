//! Values of the greatest depth on a small stack.

#![cfg(all(feature = "literal", feature = "std"))]
#![allow(clippy::panic, clippy::unwrap_used)] // A test says so by a panic.

use core::hash::Hash;
use std::hash::DefaultHasher;
use std::thread;

use execnet_serializer::{DumpOptions, Limits, LoadOptions, Set, Value};

/// What `Limits::MAX_DEPTH` promises.
const STACK: usize = if cfg!(debug_assertions) {
    1 << 20
} else {
    1 << 18
};

/// Runs a step on a thread with that much stack. Taking more ends the process
/// with a message that names the thread.
fn on_small_stack(name: String, stack: usize, step: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().name(name).stack_size(stack);
    thread.spawn(step).unwrap().join().unwrap();
}

/// Literals of the greatest depth.
fn deepest() -> Vec<(&'static str, String)> {
    let nested = |open: &str, inner: &str, close: &str, depth: u16| {
        let around = usize::from(depth) - 1;
        format!("{}{inner}{}", open.repeat(around), close.repeat(around))
    };
    let max = Limits::MAX_DEPTH;
    // One container is around each of these, and they are compared.
    let tuple = |inner| nested("(", inner, ",)", max - 1);
    let set = |inner| nested("frozenset({1, ", inner, "})", max - 1);
    Vec::from([
        ("list", nested("[", "[]", "]", max)),
        ("tuple", nested("(", "()", ",)", max)),
        ("dict", nested("{1: ", "{}", "}", max)),
        ("frozenset", nested("frozenset({", "frozenset()", "})", max)),
        (
            "keys",
            format!("{{{}: 1, {}: 2}}", tuple("()"), tuple("(1,)")),
        ),
        (
            "sets",
            format!("{{{}, {}}}", set("frozenset()"), set("frozenset({1})")),
        ),
    ])
}

type Step = fn(&Value, &[u8], &str);

/// What is done with values, their bytes and their text.
const STEPS: &[(&str, Step)] = &[
    ("load", |_, bytes, _| {
        drop(LoadOptions::wire().loads(bytes).unwrap())
    }),
    ("dump", |value, _, _| {
        drop(DumpOptions::wire().dumps(value).unwrap())
    }),
    ("parse", |_, _, text| drop(text.parse::<Value>().unwrap())),
    ("print", |value, _, text| {
        assert_eq!(value.to_string(), text)
    }),
    ("debug", |value, _, _| {
        assert!(!format!("{value:?}").is_empty())
    }),
    ("clone and compare", |value, _, _| {
        assert!(value.clone() == *value)
    }),
    ("order", |value, _, _| assert!(value.cmp(value).is_eq())),
    ("hash", |value, _, _| value.hash(&mut DefaultHasher::new())),
];

#[test]
fn no_step_takes_more_stack_than_promised() {
    for (kind, text) in deepest() {
        let value: Value = text.parse().unwrap();
        let bytes = DumpOptions::wire().dumps(&value).unwrap();
        for (step, run) in STEPS {
            let (value, bytes, text) = (value.clone(), bytes.clone(), text.clone());
            let name = format!("{step}: {kind}");
            on_small_stack(name, STACK, move || run(&value, &bytes, &text));
        }
    }
}

/// Hashable values of the greatest depth that fits into one more set.
fn deepest_keys() -> Vec<(&'static str, Value)> {
    let tuple = |inner| Value::Tuple(vec![Value::from(1), inner]);
    let frozenset = |inner| Value::FrozenSet(Set::from_iter([Value::from(1), inner]));
    let both = move |inner| frozenset(tuple(inner));
    let nested = |levels: u16, around: &dyn Fn(Value) -> Value, inner| {
        (0..levels).fold(inner, |inner, _| around(inner))
    };
    let levels = Limits::MAX_DEPTH - 1;
    let mut keys = Vec::new();
    for (kind, inner) in [("", Value::None), (" around a NaN", Value::Float(f64::NAN))] {
        let kind = |of: &str| &*format!("{of}{kind}").leak();
        keys.push((kind("tuples"), nested(levels, &tuple, inner.clone())));
        keys.push((
            kind("frozensets"),
            nested(levels, &frozenset, inner.clone()),
        ));
        keys.push((kind("both"), nested(levels / 2, &both, inner)));
    }
    keys
}

#[test]
fn merging_equal_keys_takes_no_more_stack_than_promised() {
    for (kind, key) in deepest_keys() {
        on_small_stack(format!("merge: {kind}"), STACK, move || {
            let set = Set::from_iter([key.clone(), key.clone()]);
            assert_eq!(set.len(), if kind.ends_with("NaN") { 2 } else { 1 });
            assert_eq!(set.contains(&key), set.len() == 1);
            assert!(set.clone() == set && set.cmp(&set).is_eq());
            set.hash(&mut DefaultHasher::new());
        });
    }
}

#[cfg(feature = "json")]
#[test]
fn json_takes_no_more_stack_than_promised() {
    use execnet_serializer::json::{from_json, to_exact_json};

    for (kind, text) in deepest() {
        let value: Value = text.parse().unwrap();
        // Twice, and three times where another crate of the build makes serde_json keep the order.
        on_small_stack(format!("json: {kind}"), 3 * STACK, move || {
            assert!(from_json(to_exact_json(&value)).as_ref() == Ok(&value));
        });
    }
}

#[test]
fn deeper_input_is_refused_before_it_is_built() {
    for opcodes in [&b"\x40\0\0\0\x01"[..], b"\x45\0\0\0\x01"] {
        let bytes = [b"\x40\0\0\0\0", &opcodes.repeat(100_000)[..], b"\x51"].concat();
        on_small_stack("deep groups".into(), STACK, move || {
            assert!(LoadOptions::wire().loads(&bytes).unwrap_err().is_limit());
        });
    }
    for opcodes in [&b"\x4b\0\0\0\x01\x46\0\0\0\0"[..], b"\x4a\x4c"] {
        let (open, close) = (opcodes.repeat(100_000), b"\x50".repeat(100_000));
        let bytes = [&open[..], b"\x4c", &close, b"\x51"].concat();
        on_small_stack("deep lists and dicts".into(), STACK, move || {
            assert!(LoadOptions::wire().loads(&bytes).unwrap_err().is_limit());
        });
    }
}
