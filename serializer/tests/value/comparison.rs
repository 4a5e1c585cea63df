//! Equality, order and hash of values, and what reaches into them.

use core::cmp::Ordering;
use core::hash::{BuildHasher, BuildHasherDefault};
use std::hash::DefaultHasher;

use execnet_serializer::{ChannelId, Complex, Int, Value, value};

/// Values that are all different, though some are the same to Python.
fn different() -> Vec<Value> {
    let complex = |re, im| Value::Complex(Complex { re, im });
    let nan = f64::NAN;
    let leaves = [
        value!(None),
        value!(false),
        value!(true),
        value!(0),
        value!(1),
        Value::Int("36893488147419103232".parse::<Int>().unwrap()),
        value!(0.0),
        value!(-0.0),
        value!(1.0),
        value!(nan),
        value!(-nan),
        complex(1.0, 0.0),
        complex(1.0, -0.0),
        complex(nan, 0.0),
        value!(""),
        value!("a"),
        value!("b"),
        Value::Bytes(b"a".into()),
        Value::Bytes(b"b".into()),
        value!(ChannelId(1)),
        value!(ChannelId(2)),
    ];
    let around: [fn(Value) -> Value; 14] = [
        |leaf| value!([leaf]),
        |leaf| value!([leaf.clone(), leaf]),
        |leaf| value!((leaf,)),
        |leaf| value!({ 1: leaf }),
        |leaf| value!({(leaf): "v"}),
        |leaf| value!({(leaf): "w"}),
        |leaf| value!(set { leaf }),
        |leaf| value!(frozenset { leaf }),
        |leaf| value!(set { (leaf, 2) }),
        |leaf| value!(set { frozenset { leaf, "x" }, 2 }),
        |leaf| value!({(frozenset { leaf }): [frozenset { "y" }]}),
        |leaf| value!(set { leaf.clone(), 7, "x", (leaf,) }),
        // Dicts inside what is sorted to be compared.
        |leaf| value!({(frozenset { 7 }): { 1: leaf }}),
        |leaf| Value::Set([value!({ 1: leaf })].into_iter().collect()),
    ];
    let mut values = leaves.to_vec();
    for around in around {
        values.extend(leaves.iter().cloned().map(around));
    }
    values.extend([
        value!([]),
        value!(()),
        value!({}),
        value!(set {}),
        value!(frozenset {}),
    ]);
    values
}

/// An equal value in another order wherever there is one.
fn reordered(value: &Value) -> Value {
    let all = |items: &[Value]| items.iter().map(reordered).collect();
    match value {
        Value::List(items) => Value::List(all(items)),
        Value::Tuple(items) => Value::Tuple(all(items)),
        Value::Set(items) => Value::Set(
            items
                .iter()
                .map(reordered)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect(),
        ),
        Value::FrozenSet(items) => Value::FrozenSet(
            items
                .iter()
                .map(reordered)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect(),
        ),
        Value::Dict(pairs) => {
            let pairs = pairs
                .iter()
                .map(|(key, value)| (reordered(key), reordered(value)));
            Value::Dict(pairs.collect::<Vec<_>>().into_iter().rev().collect())
        }
        leaf => leaf.clone(),
    }
}

fn hash(value: &Value) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}

/// Among others, of which there are enough for an index.
fn among_many(value: &Value) -> [Value; 3] {
    let others = || (100..150).map(Value::from);
    [
        Value::Set(others().chain([value.clone()]).collect()),
        Value::Dict(
            others()
                .chain([value.clone()])
                .map(|key| (key, 1.into()))
                .collect(),
        ),
        Value::Dict(others().map(|key| (key, value.clone())).collect()),
    ]
}

fn are_different(a: &Value, b: &Value) {
    assert_ne!(a, b);
    assert_ne!(a.cmp(b), Ordering::Equal, "{a:?} and {b:?}");
    assert_eq!(a.cmp(b), b.cmp(a).reverse(), "{a:?} and {b:?}");
    assert_ne!(hash(a), hash(b), "{a:?} and {b:?}");
}

fn are_equal(a: &Value, b: &Value) {
    assert_eq!(a, b);
    assert_eq!(b, a);
    assert_eq!(a.cmp(b), Ordering::Equal, "{a:?} and {b:?}");
    assert_eq!(hash(a), hash(b), "{a:?} and {b:?}");
}

#[test]
fn equality_ignores_the_order_of_dicts_and_sets() {
    let values = different();
    for (place, a) in values.iter().enumerate() {
        are_equal(a, &reordered(a));
        for b in values.iter().skip(place + 1) {
            are_different(a, b);
        }
    }
}

#[test]
fn equality_of_large_containers_ignores_their_order() {
    let values = different();
    let values: Vec<_> = values
        .iter()
        .filter(|value| value.is_hashable())
        .map(among_many)
        .collect();
    for (place, a) in values.iter().enumerate() {
        a.iter().for_each(|a| are_equal(a, &reordered(a)));
        for b in values.iter().skip(place + 1) {
            a.iter().zip(b).for_each(|(a, b)| are_different(a, b));
        }
    }
}

#[test]
fn keys_that_equal_nothing_are_counted() {
    let [nan, other] = [f64::NAN, -f64::NAN].map(Value::from);
    for pad in [0, 50] {
        let set = |keys: &[&Value]| {
            let keys = keys.iter().map(|key| (*key).clone());
            Value::Set(keys.chain((0..pad).map(Value::from)).collect())
        };
        are_equal(&set(&[&nan, &nan, &other]), &set(&[&other, &nan, &nan]));
        are_different(&set(&[&nan, &nan, &other]), &set(&[&nan, &other, &other]));
        let [deep, deeper] = [&nan, &other].map(|nan| value!((frozenset { nan.clone(), 1 }, 2)));
        are_equal(&set(&[&deep, &deeper]), &set(&[&deeper, &deep]));
        are_different(&set(&[&deep, &deep]), &set(&[&deep, &deeper]));
    }
    let complex = |re, im| Value::Complex(Complex { re, im });
    for key in [
        nan.clone(),
        complex(f64::NAN, 0.0),
        complex(0.0, f64::NAN),
        value!((nan.clone(), 1)),
        value!(frozenset { nan, (1,) }),
    ] {
        let dict = |values: [i32; 2]| {
            let pairs = values.map(|value| (key.clone(), value.into()));
            Value::Dict(pairs.into_iter().collect())
        };
        are_equal(&dict([1, 2]), &dict([2, 1]));
        are_different(&dict([1, 2]), &dict([1, 1]));
    }
}

#[test]
fn parts_of_values_are_ordered_as_values_are() {
    let complex = [(-1.0, 9.0), (0.0, -1.0), (0.0, 1.0), (1.0, -9.0)];
    let complex = complex.map(|(re, im)| Complex { re, im });
    assert!(complex.is_sorted_by(|a, b| a < b));
    let ints = [
        "-18446744073709551617",
        "-18446744073709551616",
        "-1",
        "0",
        "18446744073709551616",
    ];
    let ints = ints.map(|digits| digits.parse::<Int>().unwrap());
    assert!(ints.is_sorted_by(|a, b| a < b));
    assert!(complex.map(Value::from).is_sorted_by(|a, b| a < b));
    assert!(ints.map(Value::from).is_sorted_by(|a, b| a < b));
}

#[test]
fn the_order_is_total() {
    let mut values = different();
    values.sort();
    for (place, a) in values.iter().enumerate() {
        for b in values.iter().skip(place + 1) {
            assert!(a < b, "{a:?} and {b:?}");
        }
    }
}

#[test]
fn dicts_are_ordered_by_their_least_different_key() {
    let ordered = [
        value!({}),
        value!({"a": 1, "b": 2}),
        value!({"b": 3, "a": 1}),
        value!({"b": 1, "a": 2}),
        value!({"a": 2, "b": 2}),
        value!({"b": 0}),
    ];
    assert!(ordered.is_sorted_by(|a, b| a < b));
    let records = [
        value!({"c": 3, "a": 1, "b": 9}),
        value!({"c": 2, "a": 2, "b": 1}),
        value!({"c": 1, "a": 2, "b": 2}),
        value!({"c": 2, "a": 2, "b": 2}),
        value!({"c": 2, "a": 3, "b": 0}),
    ];
    assert!(records.is_sorted_by(|a, b| a < b));
    let dicts = records.each_ref().map(|record| record.as_dict().unwrap());
    assert!(dicts.is_sorted_by(|a, b| a < b));
    let sets = [
        value!(set {}),
        value!(set {2, 1}),
        value!(set {3, 1}),
        value!(set {2}),
    ];
    let sets = sets.each_ref().map(|set| set.as_set().unwrap());
    assert!(sets.is_sorted_by(|a, b| a < b));
}

#[test]
fn an_index_reaches_into_values_and_never_panics() {
    let mut value = value!({"a": [1, (2, {"b": true})], 3: 4.5, "s": "text"});
    assert_eq!(value["a"][0], 1);
    assert_eq!(value["a"][1][1]["b"], true);
    assert_eq!(value[&Value::from(3.0)], 4.5);
    assert_eq!(value[&String::from("s")], "text");
    assert_eq!("text", value["s"]);
    assert!(value["a"][9].is_none() && value["x"]["y"][0].is_none() && value["s"][0].is_none());
    assert!(
        value["a"] != 1 && value["s"] != "other" && value["a"][0] != 1.0 && value["a"][0] != true
    );
    assert_eq!(value.get("x"), None);
    *value.get_mut("a").unwrap().get_mut(0).unwrap() = 9.into();
    assert_eq!(
        value
            .get("a")
            .and_then(|list| list.get(0))
            .and_then(Value::as_u64),
        Some(9)
    );
    assert_eq!(value!(-1).as_u64(), None);
    assert_eq!(value["s"].clone().into_string().as_deref(), Some("text"));
    assert_eq!(value!(1).into_string(), None);
    assert_eq!(value.get_mut("s").unwrap().take(), "text");
    assert!(value["s"].is_none());
}
