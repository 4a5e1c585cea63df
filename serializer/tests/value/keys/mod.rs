//! Which keys are one to Python, and what dicts and sets make of it.

mod many;
mod model;

use execnet_serializer::{ChannelId, Complex, Dict, DumpOptions, Int, LoadOptions, Set, Value};
use proptest::prelude::*;

type Make = fn(i32) -> Value;

/// Keys of each kind, different for different numbers.
const KINDS: &[(&str, Make)] = &[
    ("int", |n| n.into()),
    ("int beyond 64 bits", |n| big(n).into()),
    ("int beyond floats", |n| {
        Int::into(format!("{}{}", n + 1, "0".repeat(400)).parse().unwrap())
    }),
    ("float", |n| (f64::from(n) + 0.5).into()),
    ("float of 300 digits", |n| {
        (1e300 + f64::from(n) * 1e285).into()
    }),
    ("complex", |n| {
        Value::Complex(Complex {
            re: 1.0,
            im: f64::from(n) + 0.5,
        })
    }),
    ("text", |n| format!("key-{n}").into()),
    ("text, different in the middle", |n| {
        format!("{:8}{n}{:8}", "", "").into()
    }),
    ("bytes", |n| Value::Bytes(n.to_be_bytes().into())),
    ("channel", |n| ChannelId(n).into()),
    ("tuple", |n| (n / 7, (n % 7).to_string()).into()),
    ("frozenset", |n| {
        frozenset([n.into(), "x".into(), (n,).into()])
    }),
    ("frozenset of two ints", |n| {
        frozenset([n.into(), (-1).into()])
    }),
    ("tuple of frozensets", |n| {
        (frozenset([]), frozenset([frozenset([n.into()])])).into()
    }),
    // Python has no such keys, but this crate's dicts hold them.
    ("list", |n| [n / 7, n % 7].into()),
    ("set", |n| {
        Value::Set([n.into(), "x".into()].into_iter().collect())
    }),
    ("dict", |n| {
        let pairs = [("a".into(), (n / 7).into()), (n.into(), (n % 7).into())];
        Value::Dict(pairs.into_iter().collect())
    }),
];

fn big(n: i32) -> i128 {
    ((i128::from(n) + 1) << 70) + 1
}

fn frozenset<const N: usize>(items: [Value; N]) -> Value {
    Value::FrozenSet(items.into_iter().collect())
}

/// The same value with every set in another order.
fn reordered(value: &Value) -> Value {
    match value {
        Value::Tuple(items) => Value::Tuple(items.iter().map(reordered).collect()),
        Value::FrozenSet(items) => {
            let mut items: Vec<_> = items.iter().map(reordered).collect();
            items.reverse();
            Value::FrozenSet(items.into_iter().collect())
        }
        Value::Set(items) => {
            let items: Vec<_> = items.iter().map(reordered).collect();
            Value::Set(items.into_iter().rev().collect())
        }
        Value::Dict(pairs) => {
            let pairs: Vec<_> = pairs.clone().into_iter().collect();
            Value::Dict(pairs.into_iter().rev().collect())
        }
        other => other.clone(),
    }
}

/// The pairs by every way of making a dict.
fn dicts(pairs: &[(Value, Value)]) -> Vec<(&'static str, Dict)> {
    let mut inserted = Dict::new();
    for (key, value) in pairs {
        inserted.insert(key.clone(), value.clone());
    }
    let mut entered = Dict::new();
    for (key, value) in pairs {
        *entered.entry(key.clone()).or_default() = value.clone();
    }
    let (first, rest) = pairs.split_at(pairs.len() / 2);
    let mut extended = Dict::from_iter(first.iter().cloned());
    extended.extend(rest.iter().cloned());
    let mut dicts = Vec::from([
        ("collected", pairs.iter().cloned().collect()),
        ("inserted", inserted),
        ("entered", entered),
        ("extended", extended),
    ]);
    if !pairs.iter().all(|(key, _)| key.is_hashable()) {
        return dicts;
    }
    let mut bytes = b"J".to_vec();
    for (key, value) in pairs {
        for part in [key, value] {
            let part = DumpOptions::wire().dumps(part).unwrap();
            bytes.extend(part.strip_suffix(b"Q").unwrap());
        }
        bytes.push(b'P');
    }
    bytes.push(b'Q');
    let loaded = LoadOptions::wire().loads(&bytes).unwrap();
    dicts.push(("loaded", loaded.try_into().unwrap()));
    dicts
}

#[test]
fn equal_keys_keep_the_first_key_and_the_last_value() {
    for (kind, make) in KINDS {
        for len in [1, 10, 32, 33, 40, 100, 300] {
            let keys: Vec<_> = (0..len).map(make).collect();
            for repeated in [&[0][..], &[len / 2], &[len - 1], &Vec::from_iter(0..len)] {
                let twice = repeated
                    .iter()
                    .map(|&n| (reordered(&make(n)), Value::from("later")));
                let mut pairs: Vec<_> = keys.iter().map(|key| (key.clone(), Value::None)).collect();
                pairs.extend(twice);
                for (way, dict) in dicts(&pairs) {
                    let about = format!("{len} of {kind}, {way}, {repeated:?} repeated");
                    assert!(dict.keys().eq(&keys), "{about}");
                    for (n, (key, value)) in (0..len).zip(&dict) {
                        let later = repeated.contains(&n);
                        assert_eq!(*value == "later", later, "{about}: {n}");
                        assert_eq!(dict.get(&reordered(key)), Some(value), "{about}: {n}");
                    }
                    assert_eq!(dict.get(&make(len)), None, "{about}");
                }
                let set: Set = pairs.iter().map(|(key, _)| key.clone()).collect();
                assert!(
                    set.iter().eq(&keys),
                    "{len} of {kind}, {repeated:?} repeated, in a set"
                );
            }
        }
    }
}

#[test]
fn numbers_of_one_value_are_one_key_whatever_their_type() {
    let complex = |re, im| Value::Complex(Complex { re, im });
    let int = |digits: String| Value::Int(digits.parse().unwrap());
    let mut classes = vec![
        vec![
            Value::Bool(true),
            1.into(),
            1.0.into(),
            complex(1.0, 0.0),
            complex(1.0, -0.0),
        ],
        vec![
            false.into(),
            0.into(),
            0.0.into(),
            (-0.0).into(),
            complex(-0.0, 0.0),
        ],
        vec![complex(0.0, 1.0), complex(-0.0, 1.0)],
        vec![0.5.into(), complex(0.5, 0.0)],
        vec![0.25.into(), complex(0.25, -0.0)],
        vec![(-0.5).into(), complex(-0.5, 0.0)],
        vec![f64::INFINITY.into()],
        vec![f64::NEG_INFINITY.into()],
        // The first that no float reaches, and one more than the largest float.
        vec![int(format!("1{}", "0".repeat(309)))],
        vec![int(format!("{:.0}1", f64::MAX))],
        // As many digits as the largest float, and 2^1024 more than 2^64.
        vec![int(concat!(
            "179769313486231590772930519078902473361797697894230657273430081157732675",
            "805500963132708477322407536021120113879871393357658789768814416622492847",
            "430639474124377767893424865485276302219601246094119453082952085005768838",
            "150682342462881473913110540827237163350510684586298239947245938479716304",
            "853803073697933688832",
        )
        .to_owned())],
    ];
    let halves = [63, 64, 65, 127, 128, 1023].map(|power| 2_f64.powi(power));
    for float in [1e22, 1e300, f64::MAX, 9_007_199_254_740_992.0]
        .into_iter()
        .chain(halves)
    {
        for float in [float, -float] {
            let digits = format!("{float:.0}");
            classes.push(vec![float.into(), int(digits.clone()), complex(float, 0.0)]);
            // One more and one less are no floats, or others.
            let (rest, last) = digits.split_at(digits.len() - 1);
            let last: u8 = last.parse().unwrap();
            if last < 9 && float.abs() > 1e16 {
                classes.push(vec![int(format!("{rest}{}", last + 1))]);
            }
        }
    }
    let all = || {
        classes
            .iter()
            .enumerate()
            .flat_map(|(class, keys)| keys.iter().map(move |key| (class, key)))
    };
    for (class, key) in all() {
        let set: Set = [key.clone()].into_iter().collect();
        let many: Set = (2000..2040).map(Value::from).chain([key.clone()]).collect();
        for (other_class, other) in all() {
            let same = class == other_class;
            assert_eq!(set.contains(other), same, "{key:?} and {other:?}");
            assert_eq!(
                many.contains(other),
                same,
                "{key:?} and {other:?}, among many"
            );
            let tuples: Set = [key, other]
                .map(|part| (part.clone(),).into())
                .into_iter()
                .collect();
            assert_eq!(tuples.len() == 1, same, "{key:?} and {other:?} in tuples");
        }
    }
}

#[test]
fn a_nan_equals_no_key_wherever_it_is() {
    let nan = Value::Float(f64::NAN);
    let complex = |re, im| Value::Complex(Complex { re, im });
    for key in [
        nan.clone(),
        complex(f64::NAN, 1.0),
        complex(0.0, f64::NAN),
        (1, nan.clone()).into(),
        frozenset([nan.clone()]),
        frozenset([(nan.clone(), frozenset([]).clone()).into(), 1.into()]),
    ] {
        for around in [0, 100] {
            let others = (0..around).map(|n| Value::from(format!("{n}")));
            let keys: Vec<_> = others.chain([key.clone(), key.clone()]).collect();
            let set: Set = keys.iter().cloned().collect();
            assert_eq!(set.len(), keys.len(), "{key:?}");
            assert!(!set.contains(&key), "{key:?}");
            let mut dict: Dict = keys.into_iter().map(|key| (key, Value::None)).collect();
            assert_eq!(dict.insert(key.clone(), 1.into()), None, "{key:?}");
            assert_eq!((dict.len(), dict.get(&key)), (around + 3, None), "{key:?}");
            assert_eq!(dict.remove(&key), None, "{key:?}");
        }
    }
}

#[test]
fn keys_of_different_kinds_are_different() {
    let keys = [
        Value::None,
        1.into(),
        "1".into(),
        Value::Bytes(b"1".into()),
        ChannelId(1).into(),
        (1,).into(),
        frozenset([1.into()]),
        ((1,),).into(),
        frozenset([(1,).into()]),
        "".into(),
        Value::Bytes(Vec::new()),
        ().into(),
        Value::Tuple(Vec::new()),
        frozenset([]),
        0.5.into(),
    ];
    // `()` is `None`.
    let set: Set = keys.iter().cloned().collect();
    assert_eq!(set.len(), keys.len() - 1);
}
