//! Rust types through serde: what each becomes, and what is refused where.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used)] // In helpers of tests too.

extern crate alloc;

#[cfg(feature = "literal")]
mod model;

use alloc::collections::BTreeMap;

use execnet_serializer::{Document, Embedded, LoadOptions, StreamError, to_writer};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Borrowed<'a> {
    #[serde(borrow)]
    text: &'a str,
    #[serde(with = "serde_bytes")]
    bytes: &'a [u8],
    pair: (i64, f64),
    shape: Option<&'a str>,
}

/// Nothing here allocates: neither writing, nor the document, nor the type.
#[test]
fn a_struct_round_trips_without_allocation() {
    let value = Borrowed {
        text: "hello",
        bytes: b"\0\xff",
        pair: (-5, 0.5),
        shape: None,
    };
    let mut buffer = [0; 128];
    to_writer(Embedded(&mut buffer[..]), &value).unwrap();
    let document = Document::<16>::loads(&buffer).unwrap();
    assert_eq!(
        document.root().deserialize::<Borrowed<'_>>().unwrap(),
        value
    );
    let text: &str = document.root().get("text").unwrap().deserialize().unwrap();
    assert!(buffer.as_ptr_range().contains(&text.as_ptr()));
}

#[test]
fn a_full_sink_gives_its_own_error() {
    let mut small = [0; 4];
    let error = to_writer(Embedded(&mut small[..]), "hello").unwrap_err();
    assert_eq!(error, StreamError::Io(embedded_io::SliceWriteError::Full));
}

#[test]
fn errors_name_the_place_without_allocation_too() {
    // [{"data": (1, "x")}]
    let bytes = b"K\0\0\0\x01F\0\0\0\0JN\0\0\0\x04dataF\0\0\0\x01N\0\0\0\x01x@\0\0\0\x02PPQ";
    let document = LoadOptions::wire().document::<16>(bytes).unwrap();
    let error = document
        .root()
        .deserialize::<[BTreeMap<&str, (u8, u8)>; 1]>()
        .unwrap_err();
    assert_eq!(error.path().to_string(), "[0]['data'][1]");
    assert!(
        error
            .to_string()
            .starts_with("[0]['data'][1]: invalid type: string \"x\"")
    );
}

#[test]
fn python_2_text_is_read_without_allocation() {
    let document = LoadOptions::wire()
        .document::<1>(b"M\0\0\0\x02a\xe9Q")
        .unwrap();
    // Text that a visitor may only look at.
    let length = document.root().deserialize::<Length>().unwrap();
    assert_eq!(length, Length(3));
}

#[derive(Debug, PartialEq)]
struct Length(usize);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Length;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("text")
            }
            fn visit_str<E>(self, text: &str) -> Result<Length, E> {
                Ok(Length(text.len()))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(not(feature = "alloc"))]
#[test]
fn a_list_of_unknown_length_needs_an_allocator() {
    struct Unknown;
    impl Serialize for Unknown {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..4).filter(|n| n % 2 == 0))
        }
    }
    let mut buffer = [0; 64];
    let error = to_writer(Embedded(&mut buffer[..]), &Unknown).unwrap_err();
    assert!(error.to_string().contains("length"), "{error}");
}

#[cfg(feature = "literal")]
mod with_alloc {
    use alloc::borrow::Cow;
    use alloc::collections::BTreeSet;
    use core::fmt::Debug;
    use std::collections::HashMap;

    use execnet_serializer::typed::{AsFrozenSet, AsSet, Serde};
    use execnet_serializer::{
        Bytes, ChannelId, Complex, Dict, DumpOptions, Int, Limits, LoadOptions, Set, StrConfig,
        Value, dumps, from_slice, from_value, loads, to_value, to_vec,
    };
    use model::model;
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;

    use super::*;

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
    fn mismatches_are_refused_with_their_path() {
        assert_eq!(
            refused::<Vec<BTreeMap<String, Shape2>>>("[{}, {'data': {'a': 'x', 'b': None}}]"),
            "[1]['data'].a: invalid type: string \"x\", expected u8",
        );
        assert_eq!(
            refused::<BTreeMap<i32, Shape>>("{5: {'Struct': {'a': 1, 'b': 2}}}"),
            "[5].Struct.b: invalid type: integer `2`, expected a boolean",
        );
        assert_eq!(
            refused::<(u8, u8)>("(1, 2, 3)"),
            "invalid length 3, expected 2 items",
        );
        assert_eq!(
            refused::<(u8, u8)>("(1,)"),
            "invalid length 1, expected a tuple of size 2"
        );
        assert_eq!(
            refused::<Vec<u8>>("[1, 300]"),
            "[1]: invalid value: integer `300`, expected u8"
        );
        assert_eq!(refused::<Shape2>("{'b': True}"), "missing field `a`");
    }

    #[test]
    fn text_and_bytes_are_distinct() {
        assert_eq!(
            refused::<String>("b'x'"),
            "invalid type: byte array, expected a string"
        );
        assert!(refused::<serde_bytes::ByteBuf>("5").contains("invalid type"));
        // Python 2 data is read as its switches say.
        let bytes = b"M\0\0\0\x01xQ";
        assert!(
            LoadOptions::wire()
                .with_strings(StrConfig::STORED)
                .from_slice::<String>(bytes)
                .is_err()
        );
        assert_eq!(
            LoadOptions::wire().from_slice::<String>(bytes).unwrap(),
            "x"
        );
        assert_eq!(
            LoadOptions::wire()
                .from_slice::<String>(b"M\0\0\0\x01\xe9Q")
                .unwrap(),
            "é"
        );
        let config = StrConfig {
            py3str_as_py2str: true,
            ..StrConfig::STORED
        };
        let options = LoadOptions::wire().with_strings(config);
        let read: serde_bytes::ByteBuf = options.from_slice(b"N\0\0\0\x01xQ").unwrap();
        assert_eq!(read, b"x");
    }

    #[test]
    fn a_channel_is_no_number() {
        let literal = Value::Channel(ChannelId(3)).to_string();
        assert_eq!(
            refused::<i32>(&literal),
            "invalid type: channel, expected i32"
        );
        assert!(refused::<ChannelId>("3").contains("expected a channel"));
    }

    #[test]
    fn unrepresentable_values_are_refused_with_their_path() {
        let unhashable = BTreeMap::from([("data", vec![BTreeMap::from([(vec![1], 2)])])]);
        let error = to_vec(&unhashable).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("['data'][0][...]: unhashable dict key")
        );
        let error = dumps(&Serde(&unhashable)).unwrap_err();
        assert!(error.is_unhashable());
        let error = to_vec(&[AsSet(vec![Shape::Newtype(1)])]).unwrap_err();
        assert!(
            error.to_string().starts_with("[0][0]: unhashable dict key"),
            "{error}"
        );
        assert!(to_vec(&AsSet(vec![AsFrozenSet(vec![1])])).is_ok());
        assert!(to_vec(&AsSet(vec![AsSet(vec![1])])).is_err());
        assert!(to_vec(&BTreeMap::from([((1, vec![2]), 0)])).is_err());
    }

    #[test]
    fn a_sequence_that_miscounts_is_refused() {
        struct Liar;
        impl Serialize for Liar {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeSeq;
                let mut seq = serializer.serialize_seq(Some(2))?;
                seq.serialize_element(&1)?;
                seq.end()
            }
        }
        let error = to_vec(&("x", Liar)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "[1]: a sequence of 1 items that announced 2"
        );
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
    fn broken_bytes_are_a_load_error() {
        let error = from_slice::<u8>(b"\x02F\0\0").unwrap_err();
        assert!(error.as_load_error().unwrap().is_truncated());
        assert_eq!(error.as_load_error().unwrap().offset(), 2);
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
}
