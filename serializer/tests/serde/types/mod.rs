//! What each Rust type becomes.

mod refusals;

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt::Debug;
use std::collections::HashMap;

use crate::model::model;
use execnet_serializer::typed::{AsFrozenSet, AsSet, Serde};
use execnet_serializer::{
    Bytes, ChannelId, Complex, Dict, DumpOptions, Int, Limits, LoadOptions, Set, StrConfig, Value,
    dumps, from_slice, from_value, loads, to_value, to_vec,
};
use proptest::prelude::*;
use serde::de::DeserializeOwned;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum Shape {
    Unit,
    Newtype(u8),
    Tuple(u8, String),
    Struct { a: u8, b: Option<bool> },
}

fn value(literal: &str) -> Value {
    literal.parse().unwrap()
}

/// A Rust value is written as this literal and read back from it.
fn is<T: Serialize + DeserializeOwned + PartialEq + Debug>(rust: T, literal: &str) {
    writes(&rust, literal);
    reads(literal, rust);
}

fn writes<T: Serialize + ?Sized>(rust: &T, literal: &str) {
    let bytes = to_vec(rust).unwrap();
    assert_eq!(loads(&bytes).unwrap().to_string(), literal);
    assert_eq!(bytes[1..], DumpOptions::wire().to_vec(rust).unwrap());
    assert_eq!(to_value(rust).unwrap(), value(literal));
    assert_eq!(dumps(&Serde(rust)).unwrap(), bytes);
}

fn reads<T: DeserializeOwned + PartialEq + Debug>(literal: &str, rust: T) {
    let bytes = dumps(&value(literal)).unwrap();
    assert_eq!(from_slice::<T>(&bytes).unwrap(), rust);
    assert_eq!(
        LoadOptions::wire().from_slice::<T>(&bytes[1..]).unwrap(),
        rust
    );
    assert_eq!(from_value::<T>(&value(literal)).unwrap(), rust);
}

/// The error of reading a literal as a type.
fn refused<T: DeserializeOwned + Debug>(literal: &str) -> String {
    from_value::<T>(&value(literal)).unwrap_err().to_string()
}

#[test]
fn the_table_of_types() {
    is((), "None");
    is(None::<u8>, "None");
    is(Some(5_u8), "5");
    is(true, "True");
    is(-3_i8, "-3");
    is(u32::MAX, "4294967295");
    is(u64::MAX, "18446744073709551615");
    is(i64::MIN, "-9223372036854775808");
    is(i128::MIN, "-170141183460469231731687303715884105728");
    is(u128::MAX, "340282366920938463463374607431768211455");
    is(0.5_f64, "0.5");
    is(0.5_f32, "0.5");
    is('x', "'x'");
    is("text".to_owned(), "'text'");
    is(serde_bytes::ByteBuf::from(*b"\0b"), "b'\\x00b'");
    is(Bytes(b"b".to_vec()), "b'b'");
    is(vec![1, 2], "[1, 2]");
    is((1, "a".to_owned()), "(1, 'a')");
    is([1, 2, 3], "(1, 2, 3)");
    is(BTreeMap::from([(1, 'a'), (2, 'b')]), "{1: 'a', 2: 'b'}");
    is(BTreeMap::from([((1, 2), true)]), "{(1, 2): True}");
    is(BTreeSet::from([1, 2]), "[1, 2]");
    is(AsSet(vec![1, 2]), "{1, 2}");
    is(AsFrozenSet(BTreeSet::from([1])), "frozenset({1})");
    is(Complex { re: 1.0, im: -2.0 }, "(1-2j)");
    is(ChannelId(7), &Value::Channel(ChannelId(7)).to_string());
    is(Shape::Unit, "'Unit'");
    is(Shape::Newtype(1), "{'Newtype': 1}");
    is(Shape::Tuple(1, "x".into()), "{'Tuple': (1, 'x')}");
    is(
        Shape::Struct { a: 1, b: None },
        "{'Struct': {'a': 1, 'b': None}}",
    );
}

#[test]
fn literals_beyond_repr_are_read() {
    reads("(1, 2)", vec![1, 2]);
    reads("{3}", vec![3]);
    reads("frozenset({3})", BTreeSet::from([3]));
    reads("[1, 2]", (1, 2));
    reads("b'ab'", vec![97_u8, 98]);
    reads("(1+2j)", (1.0, 2.0));
    reads("5", 5.0_f64);
    reads("[1, None]", Shape2 { a: 1, b: None });
    reads(
        "{'b': True, 'a': 1, 'more': {'x': [1]}}",
        Shape2 {
            a: 1,
            b: Some(true),
        },
    );
    reads("{1: 'x'}", HashMap::from([(1_u8, Cow::Borrowed("x"))]));
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Shape2 {
    a: u8,
    b: Option<bool>,
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Sets {
    #[serde(with = "execnet_serializer::typed::set")]
    seen: BTreeSet<u8>,
    #[serde(with = "execnet_serializer::typed::frozenset")]
    keys: Vec<(u8, u8)>,
}

#[test]
fn fields_are_written_as_sets() {
    let sets = Sets {
        seen: BTreeSet::from([1]),
        keys: vec![(1, 2)],
    };
    is(sets, "{'seen': {1}, 'keys': frozenset({(1, 2)})}");
}

#[test]
fn a_list_of_unknown_length_is_counted_first() {
    struct Unknown;
    impl Serialize for Unknown {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..4).filter(|n| n % 2 == 0).map(|n| vec![n; n]))
        }
    }
    writes(&(Unknown, 7), "([[], [2, 2]], 7)");
}

#[test]
fn text_that_is_only_printed_is_written_as_text() {
    struct Printed;
    impl Serialize for Printed {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("{}-{}", 1, "x"))
        }
    }
    writes(&Printed, "'1-x'");
}

#[test]
fn a_map_keeps_the_last_value_of_a_repeated_key() {
    let bytes = b"JN\0\0\0\x01aF\0\0\0\x01PN\0\0\0\x01aF\0\0\0\x02PQ";
    let map: BTreeMap<String, u8> = LoadOptions::wire().from_slice(bytes).unwrap();
    assert_eq!(map, BTreeMap::from([("a".to_owned(), 2)]));
    let value: Value = LoadOptions::wire().from_slice(bytes).unwrap();
    assert_eq!(value, LoadOptions::wire().loads(bytes).unwrap());
    let error = LoadOptions::wire().from_slice::<Shape2>(bytes).unwrap_err();
    assert_eq!(error.to_string(), "duplicate field `a`");
}

#[test]
fn integers_of_any_size_are_read_by_int() {
    let big = format!("1{}", "0".repeat(60));
    is(big.parse::<Int>().unwrap(), &big);
    is(vec![Int::from(5)], "[5]");
    assert!(refused::<u128>(&big).contains("128 bits"));
    assert!(refused::<Int>("'5'").contains("expected an integer"));
}

#[test]
fn values_pass_through_other_formats() {
    let all = value("{'a': [1, 2.5, None, True], 'b': 'x', 'c': -1}");
    let json = serde_json::to_string(&all).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), all);
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Deep(Vec<Deep>);

fn deep(levels: usize) -> Deep {
    (0..levels).fold(Deep(Vec::new()), |inner, _| Deep(vec![inner]))
}

#[test]
fn the_deepest_nesting_is_written_and_read_and_deeper_is_an_error() {
    let deepest = usize::from(Limits::TYPED_DEPTH) - 1;
    let bytes = to_vec(&deep(deepest)).unwrap();
    assert_eq!(from_slice::<Deep>(&bytes).unwrap(), deep(deepest));
    let value: Value = from_slice(&bytes).unwrap();
    assert_eq!(to_vec(&value).unwrap(), bytes);
    let error = to_vec(&deep(deepest + 1)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("exceeds the limit of 128 containers")
    );
    let deeper = dumps(&Value::List(vec![value])).unwrap();
    let error = from_slice::<Deep>(&deeper).unwrap_err();
    assert!(error.as_load_error().unwrap().is_limit(), "{error}");
    let options = LoadOptions::new().with_limits(Limits::default().with_depth(5));
    assert!(options.from_slice::<Deep>(&bytes).is_err());
}

proptest! {
    #[test]
    fn values_are_the_same_through_serde(model in model()) {
        let value = model.to_value();
        let bytes = DumpOptions::wire().dumps(&value).unwrap();
        prop_assert_eq!(&DumpOptions::wire().to_vec(&value).unwrap(), &bytes);
        prop_assert_eq!(&LoadOptions::wire().from_slice::<Value>(&bytes).unwrap(), &value);
        prop_assert_eq!(&to_value(&value).unwrap(), &value);
        prop_assert_eq!(&from_value::<Value>(&value).unwrap(), &value);
    }

    #[test]
    fn typed_data_round_trips(
        rows in proptest::collection::vec(
            (any::<String>(), any::<Option<i64>>(), any::<(bool, u128)>()), 0..9),
    ) {
        let bytes = to_vec(&rows).unwrap();
        type Rows = Vec<(String, Option<i64>, (bool, u128))>;
        prop_assert_eq!(&from_slice::<Rows>(&bytes).unwrap(), &rows);
    }
}

#[test]
fn dicts_and_sets_are_types_of_their_own() {
    is(value("{1: 'a'}").as_dict().unwrap().clone(), "{1: 'a'}");
    reads(
        "{1, 2}",
        [1, 2].map(Value::from).into_iter().collect::<Set>(),
    );
    reads("{}", Dict::new());
}
