//! The types of this crate through other formats of serde.

use alloc::collections::BTreeSet;
use core::fmt::Debug;

use execnet_serializer::typed::{AsFrozenSet, AsSet};
use execnet_serializer::{Bytes, ChannelId, Complex, Dict, Int, Set, Value};
use ron::extensions::Extensions;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A type that the tests are about.
trait Type: Serialize + DeserializeOwned + PartialEq + Debug {}

impl<T: Serialize + DeserializeOwned + PartialEq + Debug> Type for T {}

fn json<T: Type>(value: &T) {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(&read, value, "{text}");
}

fn cbor<T: Type>(value: &T) {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    let read: T =
        ciborium::from_reader(&bytes[..]).unwrap_or_else(|error| panic!("CBOR {value:?}: {error}"));
    assert_eq!(&read, value);
}

fn message_pack<T: Type>(value: &T) {
    let bytes = rmp_serde::to_vec_named(value).unwrap();
    let read: T = rmp_serde::from_slice(&bytes)
        .unwrap_or_else(|error| panic!("MessagePack {value:?}: {error}"));
    assert_eq!(&read, value);
}

fn ron<T: Type>(value: &T) {
    // A `Value` is read as a newtype and not written as one.
    let options = ron::Options::default().with_default_extension(Extensions::UNWRAP_NEWTYPES);
    let text = options.to_string(value).unwrap();
    let read = options.from_str(&text);
    let read: T = read.unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(&read, value, "{text}");
}

fn postcard<T: Type>(value: &T) {
    let bytes = postcard::to_allocvec(value).unwrap();
    let read: T =
        postcard::from_bytes(&bytes).unwrap_or_else(|error| panic!("postcard {value:?}: {error}"));
    assert_eq!(&read, value);
}

/// Formats that say themselves what a value is.
fn self_describing<T: Type>(value: &T) {
    json(value);
    cbor(value);
    message_pack(value);
    ron(value);
}

/// These, and one that does not.
fn any_format<T: Type>(value: &T) {
    self_describing(value);
    postcard(value);
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Fields {
    bytes: Bytes<Vec<u8>>,
    fixed: Bytes<[u8; 2]>,
    boxed: Bytes<Box<[u8]>>,
    complex: Complex,
    channel: Option<ChannelId>,
    set: AsSet<Vec<u8>>,
    #[serde(with = "execnet_serializer::typed::frozenset")]
    keys: BTreeSet<(u8, char)>,
}

#[test]
fn types_come_back_from_any_format() {
    any_format(&Bytes(b"\0\xff".to_vec()));
    any_format(&Bytes(*b"\0\xff"));
    any_format(&Complex { re: 1.5, im: -2.0 });
    any_format(&ChannelId(-7));
    any_format(&AsSet(vec![1, 2]));
    any_format(&AsFrozenSet([1, 2]));
    any_format(&Fields {
        bytes: Bytes(b"\0\xff".to_vec()),
        fixed: Bytes(*b"xy"),
        boxed: Bytes(b"z"[..].into()),
        complex: Complex { re: 0.0, im: 1.0 },
        channel: Some(ChannelId(3)),
        set: AsSet(vec![1]),
        keys: BTreeSet::from([(1, 'x')]),
    });
}

#[test]
fn integers_come_back_from_formats_that_describe_themselves() {
    for digits in [
        "0",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-18446744073709551617",
        "340282366920938463463374607431768211456",
    ] {
        let int: Int = digits.parse().unwrap();
        self_describing(&int);
        self_describing(&vec![Some(int)]);
    }
}

/// As MessagePack has all of `u64`, and JSON, text for what is larger.
#[test]
fn integers_are_written_as_other_formats_have_them() {
    let int = |digits: &str| digits.parse::<Int>().unwrap();
    let bytes = rmp_serde::to_vec(&int("18446744073709551615")).unwrap();
    assert_eq!(bytes, b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
    let large = serde_json::to_string(&int("18446744073709551616")).unwrap();
    assert_eq!(large, r#"{"$int":"18446744073709551616"}"#);
    assert_eq!(
        serde_json::to_string(&ChannelId(3)).unwrap(),
        r#"{"$channel":3}"#
    );
}

#[test]
fn values_round_trip_as_far_as_the_other_format_allows() {
    for literal in [
        "None",
        "[True, 1, -5, 18446744073709551615, 0.5, 'text', []]",
        "{'a': {'b': [1, None]}, 'c': 'd'}",
    ] {
        self_describing(&literal.parse::<Value>().unwrap());
    }
    let keys: Value = "{1: 'a', None: b'x', 0.5: [b'y']}".parse().unwrap();
    cbor(&keys);
    message_pack(&keys);
    let dict: Dict = [("a", 1), ("b", 2)]
        .into_iter()
        .map(|(k, v)| (k.into(), v.into()))
        .collect();
    self_describing(&dict);
    self_describing(&Set::from_iter([1, 2].map(Value::from)));
}

/// Other formats have neither tuples nor sets nor channels: what comes back is
/// told in the table of types. The module `json` loses nothing.
#[test]
fn values_lose_what_the_other_format_lacks() {
    let typed: Value = "((1, 2), {3}, 1j, 100000000000000000000, Channel(4))"
        .parse()
        .unwrap();
    let text = serde_json::to_string(&typed).unwrap();
    assert_eq!(
        text,
        r#"[[1,2],[3],[0.0,1.0],{"$int":"100000000000000000000"},{"$channel":4}]"#,
    );
    let read: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        read.to_string(),
        "[[1, 2], [3], [0.0, 1.0], {'$int': '100000000000000000000'}, {'$channel': 4}]",
    );
}

/// A type that must be told what comes: postcard does not.
#[test]
fn values_and_ints_need_a_format_that_describes_itself() {
    let bytes = postcard::to_allocvec(&Value::from(5)).unwrap();
    assert!(postcard::from_bytes::<Value>(&bytes).is_err());
    assert!(postcard::from_bytes::<Int>(&bytes).is_err());
}

/// And the other way: the values of other crates out of this format.
#[test]
fn the_values_of_other_formats_are_read() {
    let value: Value = "{'a': [1, 2.5, None, True, (1,), {2}]}".parse().unwrap();
    let json: serde_json::Value = execnet_serializer::from_value(&value).unwrap();
    assert_eq!(json.to_string(), r#"{"a":[1,2.5,null,true,[1],[2]]}"#);
    let special: Value = "[Channel(3), 100000000000000000000]".parse().unwrap();
    let json: serde_json::Value = execnet_serializer::from_value(&special).unwrap();
    assert_eq!(
        json.to_string(),
        r#"[{"$channel":3},{"$int":"100000000000000000000"}]"#
    );
    let cbor: ciborium::Value = execnet_serializer::from_value(&value).unwrap();
    assert_eq!(
        execnet_serializer::to_value(&cbor).unwrap().to_string(),
        "{'a': [1, 2.5, None, True, [1], [2]]}"
    );
}
