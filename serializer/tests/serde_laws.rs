//! What serde writes serde reads, in every representation that serde has.
#![cfg(all(feature = "serde", feature = "literal", feature = "std"))]
#![allow(clippy::unwrap_used, clippy::panic)] // In helpers of tests too.

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use core::fmt::Debug;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::num::NonZeroU16;
use core::time::Duration;
use std::path::PathBuf;

use execnet_serializer::typed::{AsFrozenSet, AsSet};
use execnet_serializer::{
    Bytes, ChannelId, Complex, Dict, Int, LoadOptions, Set, Value, dumps, from_slice, from_value,
    loads, to_value, to_vec,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A type that the laws are about.
trait Type: Serialize + DeserializeOwned + PartialEq + Debug + Clone {}

impl<T: Serialize + DeserializeOwned + PartialEq + Debug + Clone> Type for T {}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Newtype<T>(T);

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(transparent)]
struct Transparent<T> {
    only: T,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Field<T> {
    v: T,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
enum External<T> {
    Unit,
    Newtype(T),
    Tuple(u8, T),
    Struct { v: T },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(tag = "kind")]
enum Internal<T> {
    Newtype(Field<T>),
    Struct { v: T },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(tag = "kind", content = "content")]
enum Adjacent<T> {
    Newtype(T),
    Tuple(u8, T),
    Struct { v: T },
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(untagged)]
enum Untagged<T> {
    Struct { v: T },
    Tuple(u8, T),
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Flattened<T> {
    id: u8,
    #[serde(flatten)]
    inner: Field<T>,
    #[serde(flatten)]
    more: BTreeMap<String, Untagged<T>>,
}

fn comes_back<T: Type>(value: T) {
    let bytes = to_vec(&value).unwrap_or_else(|error| panic!("{value:?}: {error}"));
    // All readers of this crate accept the same input.
    let loaded = loads(&bytes).unwrap();
    assert_eq!(to_value(&value).unwrap(), loaded);
    let read: T = from_slice(&bytes).unwrap_or_else(|error| panic!("{value:?}, {loaded}: {error}"));
    assert_eq!(read, value, "{loaded}");
    assert_eq!(from_value::<T>(&loaded).unwrap(), value, "{loaded}");
}

/// Where serde does not buffer.
fn law<T: Type>(value: T) {
    comes_back(value.clone());
    comes_back(Newtype(value.clone()));
    comes_back(Transparent {
        only: value.clone(),
    });
    comes_back(Field { v: value.clone() });
    comes_back(vec![value.clone(), value.clone()]);
    comes_back((1_u8, value.clone()));
    comes_back([value.clone(), value.clone()]);
    comes_back(BTreeMap::from([("key".to_owned(), value.clone())]));
    comes_back(External::<T>::Unit);
    comes_back(External::Newtype(value.clone()));
    comes_back(External::Tuple(1, value.clone()));
    comes_back(External::Struct { v: value.clone() });
    comes_back(Adjacent::Newtype(value.clone()));
    comes_back(Adjacent::Tuple(1, value.clone()));
    comes_back(Adjacent::Struct { v: value });
}

/// Where it does as well.
fn law_in_buffers<T: Type>(value: T) {
    law(value.clone());
    comes_back(Internal::Newtype(Field { v: value.clone() }));
    comes_back(Internal::Struct { v: value.clone() });
    comes_back(Untagged::Struct { v: value.clone() });
    comes_back(Untagged::Tuple(1, value.clone()));
    comes_back(Internal::Struct {
        v: Untagged::Struct {
            v: Newtype(value.clone()),
        },
    });
    comes_back(Flattened {
        id: 1,
        inner: Field { v: value.clone() },
        more: BTreeMap::from([("more".to_owned(), Untagged::Tuple(2, value))]),
    });
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
struct Unit;

/// As `Uuid`: text for people, bytes for programs.
#[derive(Clone, Debug, PartialEq)]
struct Uuid(u128);

impl Serialize for Uuid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serializer.is_human_readable() {
            true => serializer.collect_str(&format_args!("{:032x}", self.0)),
            false => serializer.serialize_bytes(&self.0.to_be_bytes()),
        }
    }
}

impl<'de> Deserialize<'de> for Uuid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            let number = u128::from_str_radix(&text, 16);
            number.map(Self).map_err(serde::de::Error::custom)
        } else {
            let bytes = <[u8; 16]>::deserialize(deserializer)?;
            Ok(Self(u128::from_be_bytes(bytes)))
        }
    }
}

#[test]
fn types_round_trip_in_every_representation() {
    law_in_buffers(true);
    law_in_buffers(i8::MIN);
    law_in_buffers(i32::MIN);
    law_in_buffers((i64::MIN, i64::MAX));
    law_in_buffers((0_u64, 1 << 31, u64::MAX));
    law_in_buffers((0.5_f32, -0.0_f64, f64::INFINITY, 1e300));
    law_in_buffers(('x', '\u{10ffff}'));
    law_in_buffers("text\0".to_owned());
    law_in_buffers(());
    law_in_buffers(Unit);
    law_in_buffers(Some(5_u8));
    law_in_buffers(None::<Vec<u8>>);
    law_in_buffers(Some(External::Newtype(1)));
    law_in_buffers(vec![1_u8, 255]);
    law_in_buffers(Bytes(b"\0b".to_vec()));
    law_in_buffers(Bytes(*b"\0b"));
    law_in_buffers(serde_bytes::ByteBuf::from(*b"\0b"));
    law_in_buffers([1_u8, 255]);
    law_in_buffers(BTreeSet::from([1, 2]));
    law_in_buffers(AsSet(vec![1, 2]));
    law_in_buffers(AsSet([1, 2]));
    law_in_buffers(AsFrozenSet(BTreeSet::from(['a'])));
    law_in_buffers(Complex { re: 1.0, im: -2.0 });
    law_in_buffers(ChannelId(7));
    law_in_buffers(ChannelId(-7));
    for digits in ["0", "-1", "18446744073709551615", "-18446744073709551616"] {
        law_in_buffers(digits.parse::<Int>().unwrap());
    }
    law_in_buffers("9".repeat(100).parse::<Int>().unwrap());
    law_in_buffers(BTreeMap::from([(1_u64, 'a'), (u64::MAX, 'b')]));
    law_in_buffers(BTreeMap::from([(true, -1_i8), (false, 1)]));
    law_in_buffers(BTreeMap::from([((1, 'x'), [(); 0])]));
    law_in_buffers(BTreeMap::from([(None::<i8>, 1), (Some(-1), 2)]));
    law_in_buffers(BTreeMap::from([(Newtype2(1), ())]));
    law_in_buffers(IpAddr::from(Ipv4Addr::LOCALHOST));
    law_in_buffers((Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST));
    law_in_buffers("[::1]:80".parse::<SocketAddr>().unwrap());
    law_in_buffers(Uuid(0x1234));
    law_in_buffers(Duration::new(1, 2));
    law_in_buffers(std::time::SystemTime::UNIX_EPOCH);
    law_in_buffers(PathBuf::from("a/b"));
    law_in_buffers(NonZeroU16::MIN);
    law_in_buffers(1..5);
    law_in_buffers(Ok::<u8, String>(1));
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Newtype2(u8);

/// serde's buffers have no integers of 128 bits. `Int` comes through.
#[test]
fn integers_beyond_64_bits_come_back_where_serde_does_not_buffer() {
    law(i128::MIN);
    law(u128::MAX);
    law((1_i128 << 64, -1_i128 << 100));
    let bytes = to_vec(&Internal::Struct { v: u128::MAX }).unwrap();
    let error = from_slice::<Internal<u128>>(&bytes).unwrap_err();
    assert!(error.to_string().contains("128"), "{error}");
    let int: Internal<Int> = from_slice(&bytes).unwrap();
    assert_eq!(
        int,
        Internal::Struct {
            v: Int::from(u128::MAX)
        }
    );
}

/// The kinds that serde has no method for are told apart by an untagged enum,
/// whatever order its variants have.
#[test]
fn untagged_variants_are_distinguished() {
    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[serde(untagged)]
    enum Special {
        Channel(ChannelId),
        Int(Int),
        Float(f64),
        Text(String),
        Map(BTreeMap<String, Value>),
        Set(AsSet<Vec<u8>>),
    }

    #[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
    #[serde(untagged)]
    enum Plain {
        Map(BTreeMap<String, Value>),
        Text(String),
        Number(i64),
        Int(Int),
        Channel(ChannelId),
    }

    let big = || "7".repeat(50).parse::<Int>().unwrap();
    let pair = |key: &str, value: Value| BTreeMap::from([(key.to_owned(), value)]);
    law_in_buffers(Special::Channel(ChannelId(1)));
    law_in_buffers(Special::Int(Int::from(1)));
    law_in_buffers(Special::Int(big()));
    law_in_buffers(Special::Float(1.0));
    law_in_buffers(Special::Text("5".to_owned()));
    law_in_buffers(Special::Map(pair("a", 1.into())));
    law_in_buffers(Special::Set(AsSet(vec![1])));
    law_in_buffers(Plain::Map(pair("$channel", 1.into())));
    law_in_buffers(Plain::Text("5".to_owned()));
    law_in_buffers(Plain::Number(5));
    law_in_buffers(Plain::Int(big()));
    law_in_buffers(Plain::Channel(ChannelId(5)));
}

/// Where serde buffers, tuples and sets have become lists, and complex numbers
/// two floats: it has no more than sequences for them.
#[test]
fn buffered_values_are_equal_except_for_the_kind_of_sequences() {
    for (written, read) in [
        ("None", "None"),
        ("[1, -1, 2.5, True]", "[1, -1, 2.5, True]"),
        (
            "{'$channel': 1, '$int': '5'}",
            "{'$channel': 1, '$int': '5'}",
        ),
        ("{'$channel': 1}", "{'$channel': 1}"),
        ("{'$int': '1'}", "{'$int': '1'}"),
        ("[Channel(3), b'x']", "[Channel(3), b'x']"),
        (
            "123456789012345678901234567890",
            "123456789012345678901234567890",
        ),
        (
            "{1: 'a', None: 2, 0.5: b'', b'k': 3}",
            "{1: 'a', None: 2, 0.5: b'', b'k': 3}",
        ),
        ("[(1, 2), {3}, 1j]", "[[1, 2], [3], [0.0, 1.0]]"),
    ] {
        let [written, read]: [Value; 2] = [written, read].map(|text| text.parse().unwrap());
        law(written.clone());
        let bytes = to_vec(&Untagged::Struct { v: &written }).unwrap();
        let value: Untagged<Value> = from_slice(&bytes).unwrap();
        assert_eq!(value, Untagged::Struct { v: read });
    }
}

#[test]
fn borrowed_text_and_bytes_come_back_borrowed() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Borrowed<'a> {
        text: &'a str,
        #[serde(borrow)]
        bytes: Bytes<&'a [u8]>,
        #[serde(with = "serde_bytes")]
        more: &'a [u8],
        #[serde(borrow)]
        both: Bytes<alloc::borrow::Cow<'a, [u8]>>,
    }

    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    #[serde(tag = "kind")]
    enum Tagged<'a> {
        #[serde(borrow)]
        Only(Borrowed<'a>),
    }

    let value = || Borrowed {
        text: "x",
        bytes: Bytes(b"y"),
        more: b"z",
        both: Bytes(b"w".into()),
    };
    let bytes = to_vec(&value()).unwrap();
    assert_eq!(from_slice::<Borrowed<'_>>(&bytes).unwrap(), value());
    let bytes = to_vec(&Tagged::Only(value())).unwrap();
    let Tagged::Only(read) = from_slice(&bytes).unwrap();
    assert_eq!(read, value());
    assert!(bytes.as_ptr_range().contains(&read.text.as_ptr()));
    assert!(matches!(read.both.0, alloc::borrow::Cow::Borrowed(_)));
}

#[test]
fn addresses_are_text_to_python() {
    let address = to_value(&IpAddr::from(Ipv4Addr::LOCALHOST)).unwrap();
    assert_eq!(address, Value::from("127.0.0.1"));
    assert_eq!(
        to_value(&Uuid(1)).unwrap(),
        Value::from(format!("{:032x}", 1))
    );
}

#[test]
fn only_text_names_a_field_or_a_variant() {
    #[derive(Deserialize, Debug, PartialEq, Default)]
    #[serde(deny_unknown_fields, default)]
    struct Strict {
        a: u8,
        b: u8,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Loose {
        a: u8,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    struct Keeps {
        a: u8,
        #[serde(flatten)]
        rest: BTreeMap<i32, u8>,
    }

    #[derive(Deserialize, Debug, PartialEq)]
    enum Renamed {
        #[serde(rename = "1")]
        First(u8),
        #[serde(rename = "0")]
        Second(u8),
    }

    #[derive(Deserialize, Debug, PartialEq)]
    #[serde(tag = "t", content = "c")]
    enum Apart {
        First(u8),
    }

    let read = |literal: &str| literal.parse::<Value>().unwrap();
    let error = from_value::<Strict>(&read("{0: 1, 1: 2}")).unwrap_err();
    assert!(
        error.to_string().starts_with("[0]: unknown field"),
        "{error}"
    );
    for key in [
        "0",
        "None",
        "True",
        "0.5",
        "b'a'",
        "(1, 2)",
        "frozenset({1})",
        "1j",
    ] {
        let dict: Value = format!("{{{key}: 7, 'a': 1}}").parse().unwrap();
        assert_eq!(from_value::<Loose>(&dict).unwrap(), Loose { a: 1 }, "{key}");
        from_value::<Strict>(&dict).unwrap_err();
    }
    // Nor in serde's buffers, which refuse such a key.
    let buffered = read("{'kind': 'Newtype', 'v': {0: 1, 1: 2}}");
    from_value::<Internal<Strict>>(&buffered).unwrap_err();
    let kept: Keeps = from_value(&read("{'a': 1, 5: 2}")).unwrap();
    assert_eq!(kept.rest, BTreeMap::from([(5, 2)]));
    from_value::<Renamed>(&read("{1: 5}")).unwrap_err();
    from_value::<Renamed>(&read("1")).unwrap_err();
    assert_eq!(
        from_value::<Renamed>(&read("{'1': 5}")).unwrap(),
        Renamed::First(5)
    );
    from_value::<Apart>(&read("{0: 'First', 1: 5}")).unwrap_err();
    from_value::<Apart>(&read("{'t': 0, 'c': 5}")).unwrap_err();
    from_value::<Internal<u8>>(&read("{'kind': 1, 'v': 5}")).unwrap_err();
}

#[test]
fn nothing_is_left_over_in_bytes_and_complex_numbers() {
    let refused = |error: execnet_serializer::typed::Error| error.to_string();
    let bytes = |bytes: &[u8]| Value::Bytes(bytes.to_vec());
    assert_eq!(
        refused(from_value::<[u8; 2]>(&bytes(b"abc")).unwrap_err()),
        "invalid length 3, expected 2 items"
    );
    assert_eq!(from_value::<[u8; 2]>(&bytes(b"ab")).unwrap(), *b"ab");
    assert_eq!(
        refused(from_value::<(f64,)>(&"1+2j".parse().unwrap()).unwrap_err()),
        "invalid length 2, expected 1 items"
    );
    from_value::<Bytes<[u8; 2]>>(&bytes(b"abc")).unwrap_err();
    from_value::<Vec<[u8; 1]>>(&Value::List(vec![bytes(b"ab")])).unwrap_err();
}

#[test]
fn integers_of_any_size_are_read_as_the_nearest_float() {
    let read = |text: &str| from_value::<f64>(&text.parse::<Value>().unwrap());
    for text in [
        "18446744073709551616",
        "-340282366920938463463374607431768211457",
    ] {
        assert_eq!(read(text).unwrap(), text.parse::<f64>().unwrap());
    }
    let largest = format!("17976931348623157{}", "0".repeat(292));
    assert_eq!(read(&largest).unwrap(), f64::MAX);
    assert!(
        read(&format!("18{}", "0".repeat(307)))
            .unwrap_err()
            .to_string()
            .contains("float")
    );
    assert!(read(&"9".repeat(10_000)).is_err());
    assert_eq!(
        from_value::<f32>(&"18446744073709551616".parse().unwrap()).unwrap(),
        2_f32.powi(64)
    );
}

#[test]
fn sets_are_written_of_every_sequence_or_refused() {
    #[derive(Serialize)]
    struct Fields {
        #[serde(with = "execnet_serializer::typed::set")]
        array: [u8; 2],
        #[serde(with = "execnet_serializer::typed::frozenset")]
        tuple: (u8, char),
        #[serde(with = "execnet_serializer::typed::set")]
        absent: Option<Vec<u8>>,
        set: Set,
    }
    let fields = Fields {
        array: [1, 2],
        tuple: (1, 'x'),
        absent: None,
        set: [3].map(Value::from).into_iter().collect(),
    };
    assert_eq!(
        to_value(&fields).unwrap().to_string(),
        "{'array': {1, 2}, 'tuple': frozenset({1, 'x'}), 'absent': None, 'set': {3}}"
    );
    let set = || Set::from_iter([Value::from(1)]);
    assert_eq!(
        to_value(&AsFrozenSet(set())).unwrap(),
        Value::FrozenSet(set())
    );
    for refused in [
        to_vec(&AsSet(5)),
        to_vec(&AsSet("text")),
        to_vec(&AsSet(())),
        to_vec(&AsFrozenSet(BTreeMap::from([(1, 2)]))),
        to_vec(&AsSet(Unit)),
        to_vec(&AsSet(Field { v: 1 })),
        to_vec(&AsFrozenSet(External::Newtype(1))),
    ] {
        assert_eq!(
            refused.unwrap_err().to_string(),
            "only a sequence, tuple or array is written as a set"
        );
    }
}

#[test]
fn elements_of_sets_are_always_hashable() {
    let list = || vec![1];
    for refused in [
        to_vec(&AsSet([list()])),
        to_vec(&AsFrozenSet((list(), 1))),
        to_vec(&AsFrozenSet([(1, list())])),
        to_vec(&AsFrozenSet(vec![Some(list())])),
        to_vec(&BTreeMap::from([(BTreeMap2(list()), 1)])),
        to_vec(&AsSet([AsSet([1])])),
        to_vec(&AsFrozenSet([Field { v: 1 }])),
        to_vec(&AsSet(vec![Set::from_iter([Value::from(1)])])),
        to_vec(&BTreeMap::from([(AsFrozenSetKey(vec![list()]), 1)])),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(
            error.contains("unhashable dict key or set element"),
            "{error}"
        );
    }
    to_vec(&AsSet([AsFrozenSet([1])])).unwrap();
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
struct BTreeMap2(Vec<i32>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct AsFrozenSetKey(Vec<Vec<i32>>);

impl Serialize for AsFrozenSetKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AsFrozenSet(self.0.as_slice()).serialize(serializer)
    }
}

/// As `serde_json` is with its feature `arbitrary_precision`, which any crate
/// of a program may switch on.
#[test]
fn numbers_that_serde_json_keeps_as_text_are_numbers() {
    struct Number(&'static str);
    impl Serialize for Number {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            const TOKEN: &str = "$serde_json::private::Number";
            let mut number = serializer.serialize_struct(TOKEN, 1)?;
            number.serialize_field(TOKEN, self.0)?;
            number.end()
        }
    }
    for (text, literal) in [
        ("1", "1"),
        ("-5000000000", "-5000000000"),
        ("100000000000000000000", "100000000000000000000"),
        ("1.50", "1.5"),
        ("-0", "-0.0"),
        ("1e3", "1000.0"),
    ] {
        let value = to_value(&[Number(text)]).unwrap();
        assert_eq!(value.to_string(), format!("({literal},)"));
    }
    let error = to_vec(&[Number("1e999")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "[0]: a JSON number beyond what a float can say"
    );
    // And read from that crate.
    let read = |text: &str| {
        let map = BTreeMap::from([("$serde_json::private::Number", text)]);
        serde_json::from_value::<Value>(serde_json::to_value(map).unwrap())
    };
    for (text, value) in [
        ("1e2", Value::Float(100.0)),
        ("5", Value::from(5)),
        ("-1", Value::from(-1)),
        ("0", Value::from(0)),
        ("-0", Value::Float(-0.0)),
        ("18446744073709551616", Value::from(1_i128 << 64)),
    ] {
        assert_eq!(read(text).unwrap(), value, "{text}");
    }
    for text in ["1e999", "-1e999", "x"] {
        let error = read(text).unwrap_err().to_string();
        assert_eq!(error, "a JSON number beyond what a float can say", "{text}");
    }
}

/// A peer can send any dict.
#[test]
fn a_dict_that_looks_like_a_number_of_serde_json_stays_a_dict() {
    let key = Value::from("$serde_json::private::Number");
    let dict = |value: Value| Value::Dict([(key.clone(), value)].into_iter().collect());
    for content in [Value::from("5"), Value::from(5), Value::from("x")] {
        let dict = dict(content);
        // The tuple is not known to be one in one pass.
        for value in [
            dict.clone(),
            Value::List(vec![dict.clone()]),
            Value::Tuple(vec![dict.clone()]),
        ] {
            let bytes = dumps(&value).unwrap();
            assert_eq!(from_slice::<Value>(&bytes).unwrap(), value);
            assert_eq!(from_value::<Value>(&value).unwrap(), value);
            let field = dumps(&Value::List(vec![value.clone(), Value::from(1)])).unwrap();
            let (read, _) = from_slice::<(Value, i32)>(&field).unwrap();
            assert_eq!(read, value);
        }
    }
    from_slice::<Int>(&dumps(&dict(Value::from("5"))).unwrap()).unwrap_err();
}

/// Raw JSON text would be a dict of that text to Python.
#[test]
fn raw_json_text_is_refused() {
    struct Raw;
    impl Serialize for Raw {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            use serde::ser::SerializeStruct;
            const TOKEN: &str = "$serde_json::private::RawValue";
            let mut raw = serializer.serialize_struct(TOKEN, 1)?;
            raw.serialize_field(TOKEN, "[1]")?;
            raw.end()
        }
    }
    let error = to_vec(&BTreeMap::from([("json", Raw)])).unwrap_err();
    assert!(
        error.to_string().starts_with("['json']: JSON text"),
        "{error}"
    );
}

fn any_int() -> impl Strategy<Value = Int> {
    prop_oneof![
        any::<i64>().prop_map(Int::from),
        any::<u64>().prop_map(Int::from),
        "-?[1-9][0-9]{0,60}".prop_map(|digits| digits.parse().unwrap()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn scalars_come_back_from_every_representation(
        int in any_int(),
        id: i32,
        text in ".{0,8}",
        float in -1e300..1e300,
        bytes in vec(any::<u8>(), 0..8),
        character: char,
        small: (i8, u16, u64, bool),
        address: IpAddr,
    ) {
        law_in_buffers(int);
        law_in_buffers(ChannelId(id));
        law_in_buffers(text);
        law_in_buffers(float);
        law_in_buffers(Bytes(bytes.clone()));
        law_in_buffers(bytes);
        law_in_buffers(character);
        law_in_buffers(small);
        law_in_buffers(address);
    }

    #[test]
    fn containers_come_back_from_every_representation(
        map in btree_map(".{0,3}", option::of(vec(any::<i64>(), 0..3)), 0..3),
        numbers in btree_map(any::<i64>(), (any::<bool>(), ".{0,3}"), 0..3),
        nested in vec(option::of((any::<u8>(), btree_set(any::<char>(), 0..3))), 0..3),
        keys in btree_map(any::<(u8, Option<bool>)>(), any::<char>(), 0..3),
    ) {
        law_in_buffers(map);
        law_in_buffers(numbers);
        law_in_buffers(nested);
        law_in_buffers(keys);
    }
}

#[test]
fn dicts_and_sets_come_back_from_every_representation() {
    let dict: Value = "{1: 'a', 'b': [1, {}], None: 5}".parse().unwrap();
    law_in_buffers(dict.as_dict().unwrap().clone());
    law_in_buffers(Dict::new());
    law_in_buffers(Set::from_iter([1, 2].map(Value::from)));
}

/// A type that keeps the answer of `is_human_readable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct HumanReadable(bool);

impl Serialize for HumanReadable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [serializer.is_human_readable()].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for HumanReadable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let is = deserializer.is_human_readable();
        IgnoredAny::deserialize(deserializer).map(|_| Self(is))
    }
}

#[test]
fn the_format_is_human_readable() {
    let asked = || HumanReadable(false);
    let written = |value: Result<Value, _>| -> String { value.unwrap().to_string() };
    assert_eq!(written(to_value(&asked())), "(True,)");
    assert_eq!(written(to_value(&vec![asked()])), "[(True,)]");
    assert_eq!(written(to_value(&AsSet(asked()))), "{True}");
    assert_eq!(
        written(to_value(&AsFrozenSet([asked()]))),
        "frozenset({(True,)})"
    );
    let yes = HumanReadable(true);
    for literal in ["1", "'x'", "None", "(1, 2)", "{1: 2}", "frozenset({1})"] {
        let value: Value = literal.parse().unwrap();
        let read = |value: &Value| from_value::<HumanReadable>(value).unwrap();
        assert_eq!(read(&value), yes, "{literal}");
        let list = Value::List(vec![value.clone()]);
        assert_eq!(from_value::<Vec<HumanReadable>>(&list).unwrap(), [yes]);
        if value.is_hashable() {
            let dict = Value::Dict([(value.clone(), value)].into_iter().collect());
            let read: BTreeMap<HumanReadable, HumanReadable> = from_value(&dict).unwrap();
            assert_eq!(read, BTreeMap::from([(yes, yes)]), "{literal} as key");
        }
        let bytes = execnet_serializer::DumpOptions::wire()
            .dumps(&list)
            .unwrap();
        let document = LoadOptions::wire().document_buf(&bytes).unwrap();
        let read: [HumanReadable; 1] = document.root().deserialize().unwrap();
        assert_eq!(read, [yes], "{literal} of a document");
    }
}

/// How many parts a type is told to expect, before each and at the end. It asks
/// for a tuple of that length, or for a sequence if that is zero.
#[derive(Debug, PartialEq)]
struct Hints<const TUPLE: usize>(Vec<Option<usize>>);

impl<'de, const TUPLE: usize> Deserialize<'de> for Hints<TUPLE> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match TUPLE {
            0 => deserializer.deserialize_seq(Self(Vec::new())),
            len => deserializer.deserialize_tuple(len, Self(Vec::new())),
        }
    }
}

impl<'de, const TUPLE: usize> Visitor<'de> for Hints<TUPLE> {
    type Value = Self;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("parts")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Self, A::Error> {
        self.0.push(items.size_hint());
        while items.next_element::<IgnoredAny>()?.is_some() {
            self.0.push(items.size_hint());
        }
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut pairs: A) -> Result<Self, A::Error> {
        self.0.push(pairs.size_hint());
        while pairs.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            self.0.push(pairs.size_hint());
        }
        Ok(self)
    }
}

#[test]
fn a_document_gives_size_hints() {
    for (literal, len) in [
        ("[]", 0),
        ("[1, 2, 3]", 3),
        ("(1, 2)", 2),
        ("{1, 2, 3}", 3),
        ("frozenset({1})", 1),
        ("{}", 0),
        ("{'a': 1, 2: 3, 'c': 4}", 3),
        ("b'four'", 4),
        ("1j", 2),
    ] {
        let value: Value = literal.parse().unwrap();
        let bytes = execnet_serializer::DumpOptions::wire()
            .dumps(&value)
            .unwrap();
        let document = LoadOptions::wire().document_buf(&bytes).unwrap();
        let hints: Hints<0> = document.root().deserialize().unwrap();
        assert_eq!(hints, exact(len), "{literal}");
    }
    // Nor is it more or less where the whole value is not known before.
    for len in 0..20 {
        let list = Value::List(vec![Value::None; len]);
        assert_eq!(from_value::<Hints<0>>(&list).unwrap(), exact(len));
    }
    let tuple = Value::Tuple(vec![Value::None; 3]);
    assert_eq!(from_value::<Hints<3>>(&tuple).unwrap(), exact(3));
}

fn exact<const TUPLE: usize>(len: usize) -> Hints<TUPLE> {
    Hints((0..=len).rev().map(Some).collect())
}

#[test]
fn size_hints_do_not_exceed_the_input() {
    use core::sync::atomic::{AtomicUsize, Ordering};

    static LARGEST: AtomicUsize = AtomicUsize::new(0);

    #[derive(Debug)]
    struct Asks;

    impl<'de> Visitor<'de> for Asks {
        type Value = Self;

        fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            f.write_str("items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
            LARGEST.fetch_max(items.size_hint().unwrap_or(0), Ordering::Relaxed);
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(self)
        }
    }

    impl<'de> Deserialize<'de> for Asks {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_seq(Self)
        }
    }

    let bytes = b"K\0\x0f\0\0F\0\0\0\0LPF\0\0\0\x01LPQ";
    execnet_serializer::LoadOptions::wire()
        .from_slice::<Asks>(bytes)
        .unwrap_err();
    assert_eq!(LARGEST.load(Ordering::Relaxed), 2);
}

#[test]
fn siblings_are_not_nested_however_many_there_are() {
    let many = 2 * usize::from(execnet_serializer::Limits::TYPED_DEPTH);
    fn all<T: Type>(part: T, many: usize) {
        comes_back(vec![part; many]);
    }
    all(vec![1_u8], many);
    all((1_u8, 'x'), many);
    all(BTreeMap::from([(1, 2)]), many);
    all(Field { v: 1 }, many);
    all(AsSet(vec![1]), many);
    all(AsFrozenSet(vec![1]), many);
    all(External::Newtype(1), many);
    all(External::Tuple(1, 2), many);
    all(External::Struct { v: 1 }, many);
    all(Adjacent::Tuple(1, 2), many);
    let value: Value = "[{1: {2: 3}}, {4}, (5, [6])]".parse().unwrap();
    all(value, many);
    // Also where the length is not known before.
    struct Unknown(usize);
    impl Serialize for Unknown {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..self.0).filter(|_| true).map(|n| [vec![n]]))
        }
    }
    let written = to_value(&Unknown(many)).unwrap();
    assert_eq!(written.as_slice().unwrap().len(), many);
}

#[test]
fn text_that_changes_while_it_is_printed_is_refused() {
    struct Changing(core::cell::Cell<usize>, &'static [&'static str]);
    impl core::fmt::Display for Changing {
        fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
            let turn = self.0.replace(self.0.get() + 1);
            f.write_str(self.1.get(turn).ok_or(core::fmt::Error)?)
        }
    }
    impl Serialize for Changing {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }
    let written = |texts| to_value(&Changing(core::cell::Cell::new(0), texts));
    assert_eq!(written(&["same", "same"]).unwrap(), Value::from("same"));
    for texts in [
        &["long", "no"][..],
        &["no", "long"],
        &["", "x"],
        &["x", ""],
        &["x"],
        &[],
    ] {
        assert_eq!(
            written(texts).unwrap_err().to_string(),
            "a value that prints differently each time, or not at all",
            "{texts:?}"
        );
    }
}

/// The names that this crate gives its types in serde's data model, used by
/// another type with another content.
#[test]
fn the_names_of_this_crate_are_for_its_own_content() {
    struct Named<T>(&'static str, T);
    impl<T: Serialize> Serialize for Named<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_newtype_struct(self.0, &self.1)
        }
    }
    struct Printed;
    impl Serialize for Printed {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str("text")
        }
    }
    let complex = "a complex number is two floats";
    let set = "only a sequence, tuple or array is written as a set";
    let channel = "a channel is an integer of 32 bits";
    let int = "an integer is its digits";
    let name = |name: &str| format!("__execnet_{name}").leak() as &'static str;
    let refused =
        |result: Result<Value, execnet_serializer::typed::Error>| result.unwrap_err().to_string();
    assert_eq!(
        refused(to_value(&Named(name("Complex"), (1.0, 2.0, 3.0)))),
        complex
    );
    assert_eq!(refused(to_value(&Named(name("Complex"), (1.0,)))), complex);
    assert_eq!(refused(to_value(&Named(name("Complex"), ()))), complex);
    for (of, message) in [
        ("Set", set),
        ("FrozenSet", set),
        ("Complex", complex),
        ("Channel", channel),
        ("Int", int),
    ] {
        assert_eq!(
            refused(to_value(&Named(name(of), Printed))),
            message,
            "{of}"
        );
        assert_eq!(refused(to_value(&Named(name(of), true))), message, "{of}");
    }
    let pair = to_value(&Named(name("Complex"), (1.0, 2.0))).unwrap();
    assert_eq!(pair, Value::from(Complex { re: 1.0, im: 2.0 }));
    // A name that only looks like one of them.
    let other = to_value(&Named(name("Other"), vec![1])).unwrap();
    assert_eq!(other, Value::from([1]));
}

#[test]
fn a_field_is_found_by_text_of_python_2() {
    #[derive(Deserialize, Debug, PartialEq)]
    struct Named {
        #[serde(rename = "\u{e9}")]
        field: u8,
    }
    // {b"\xe9": 7}, where a Python 2 string is text.
    let bytes = b"JM\0\0\0\x01\xe9F\0\0\0\x07PQ";
    let read: Named = execnet_serializer::LoadOptions::wire()
        .from_slice(bytes)
        .unwrap();
    assert_eq!(read, Named { field: 7 });
    let map: BTreeMap<String, u8> = execnet_serializer::LoadOptions::wire()
        .from_slice(bytes)
        .unwrap();
    assert_eq!(map, BTreeMap::from([("\u{e9}".to_owned(), 7)]));
}
