//! Tests that the fast way and the document read the same.

extern crate std;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;

use proptest::prelude::*;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize as Derive, Serialize};

use super::read;
use crate::{Bytes, ChannelId, DumpOptions, Int, LoadOptions, StrConfig, Value};

/// What the fast way reads is what the document says; whether it did read.
fn agrees<'de, T: Deserialize<'de> + PartialEq + Debug>(bytes: &'de [u8]) -> bool {
    agrees_by::<T>(&LoadOptions::wire(), bytes)
}

fn agrees_by<'de, T: Deserialize<'de> + PartialEq + Debug>(
    options: &LoadOptions,
    bytes: &'de [u8],
) -> bool {
    match read::<T>(options, bytes) {
        Err(_) => false,
        Ok(fast) => {
            let document = options.document_buf(bytes).unwrap();
            assert_eq!(
                T::deserialize(document.root()).unwrap(),
                fast,
                "{bytes:02x?}"
            );
            true
        }
    }
}

#[derive(Derive, Serialize, Clone, Debug, PartialEq)]
enum Kind {
    Unit,
    Newtype(i64),
    Tuple(u8, Option<String>),
    Struct { a: Vec<u8> },
}

#[derive(Derive, Serialize, Clone, Debug, PartialEq)]
struct Record {
    id: i64,
    name: String,
    at: (f64, Option<(u8, bool)>),
    kinds: Vec<Kind>,
    map: BTreeMap<i32, String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    more: Vec<Record>,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Unit),
        any::<i64>().prop_map(Kind::Newtype),
        any::<(u8, Option<String>)>().prop_map(|(a, b)| Kind::Tuple(a, b)),
        proptest::collection::vec(any::<u8>(), 0..4).prop_map(|a| Kind::Struct { a }),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let fields = (
        any::<i64>(),
        any::<String>(),
        (-1e9..1e9, any::<Option<(u8, bool)>>()),
        proptest::collection::vec(kind(), 0..4),
        proptest::collection::btree_map(any::<i32>(), any::<String>(), 0..3),
    );
    let leaf = fields.prop_map(|(id, name, at, kinds, map)| Record {
        id,
        name,
        at,
        kinds,
        map,
        more: Vec::new(),
    });
    leaf.prop_recursive(3, 8, 3, |inner| {
        (inner.clone(), proptest::collection::vec(inner, 0..3))
            .prop_map(|(record, more)| Record { more, ..record })
    })
}

proptest! {
    #[test]
    fn our_own_dumps_are_read_in_one_pass(record in record()) {
        let bytes = DumpOptions::wire().to_vec(&record).unwrap();
        prop_assert!(agrees::<Record>(&bytes));
        prop_assert_eq!(read::<Record>(&LoadOptions::wire(), &bytes).unwrap(), record);
    }

    #[test]
    fn damaged_bytes_are_never_read_otherwise(
        record in record(),
        at in any::<prop::sample::Index>(),
        byte in b'?'..=b'U',
    ) {
        let mut bytes = DumpOptions::wire().to_vec(&record).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        agrees::<Record>(&bytes);
        agrees::<Value>(&bytes);
    }

    /// Short runs of opcodes, most of them values, read as types of all shapes.
    #[test]
    fn any_opcodes_are_read_as_the_document_says(
        parts in proptest::collection::vec((select_opcode(), 0_i32..4), 0..16),
    ) {
        let mut bytes = Vec::new();
        for (opcode, operand) in parts {
            bytes.push(opcode);
            if b"@FKO".contains(&opcode) {
                bytes.extend(operand.to_be_bytes());
            }
            if opcode == b'N' {
                bytes.extend(b"\0\0\0\x01a");
            }
        }
        bytes.push(b'Q');
        agrees::<Value>(&bytes);
        agrees::<Vec<Value>>(&bytes);
        agrees::<(Value, Value)>(&bytes);
        agrees::<(Vec<u8>, (u8, Option<u8>))>(&bytes);
        agrees::<BTreeMap<u8, Option<Vec<u8>>>>(&bytes);
        agrees::<(Lenient<String>, Lenient<(u8, u8)>, u8)>(&bytes);
        agrees::<Vec<Lenient<Vec<Lenient<u8>>>>>(&bytes);
        agrees::<Skipped>(&bytes);
    }
}

fn select_opcode() -> impl Strategy<Value = u8> {
    prop::sample::select(b"@FFFJKKLNNOPPPPR".to_vec())
}

/// A type that goes on after an error.
#[derive(Debug, PartialEq)]
struct Lenient<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(T::deserialize(deserializer).ok()))
    }
}

/// What is skipped is checked as well.
#[derive(Debug, PartialEq)]
struct Skipped;

impl<'de> Deserialize<'de> for Skipped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

#[test]
fn a_type_that_continues_after_an_error_needs_the_document() {
    type Type = (Lenient<String>, Lenient<(u8, u8)>, u8);
    // (5, 6, 7): read on after each error, the second item would be (5, 6).
    let bytes = b"F\0\0\0\x05F\0\0\0\x06F\0\0\0\x07@\0\0\0\x03Q";
    assert!(read::<Type>(&LoadOptions::wire(), bytes).is_err());
    let document = LoadOptions::wire().document_buf(bytes).unwrap();
    let value: Type = document.root().deserialize().unwrap();
    assert_eq!(value, (Lenient(None), Lenient(None), 7));
}

#[test]
fn limits_hold_in_one_pass() {
    let options = |limits| LoadOptions::wire().with_limits(limits);
    let limits = crate::Limits::default();
    let bytes = DumpOptions::wire()
        .to_vec(&[alloc::vec![1, 2]].as_slice())
        .unwrap();
    let fast = |limits| read::<Vec<Vec<u8>>>(&options(limits), &bytes).is_ok();
    assert!(fast(limits.with_depth(2)) && !fast(limits.with_depth(1)));
    assert!(fast(limits.with_items(4)) && !fast(limits.with_items(3)));
    assert!(fast(limits.with_bytes(bytes.len())) && !fast(limits.with_bytes(bytes.len() - 1)));
}

/// As [`agrees`], for a type that borrows nothing.
fn reads<T: DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> bool {
    agrees::<T>(bytes)
}

#[test]
fn scalars_are_read_in_one_pass() {
    type Reads = fn(&[u8]) -> bool;
    let cases: [(&[u8], &[Reads]); 13] = [
        (b"L", &[reads::<()>, reads::<Option<u8>>, reads::<Value>]),
        (
            b"R",
            &[reads::<bool>, reads::<Option<bool>>, reads::<Value>],
        ),
        (b"C", &[reads::<bool>, reads::<Value>]),
        (
            b"F\0\0\0\x05",
            &[
                reads::<u8>,
                reads::<i128>,
                reads::<f64>,
                reads::<Int>,
                reads::<Value>,
            ],
        ),
        (
            b"F\xff\xff\xff\xff",
            &[reads::<i8>, reads::<i64>, reads::<f32>, reads::<Value>],
        ),
        (
            b"G\0\0\0\x05",
            &[reads::<u8>, reads::<i64>, reads::<f64>, reads::<Value>],
        ),
        (
            b"H\0\0\0\x0a5000000000",
            &[reads::<u64>, reads::<i128>, reads::<f64>],
        ),
        (b"I\0\0\0\x02-5", &[reads::<i8>, reads::<f64>]),
        (
            b"D\x40\x04\0\0\0\0\0\0",
            &[reads::<f64>, reads::<f32>, reads::<Value>],
        ),
        (
            b"A\0\0\0\x02\0\xff",
            &[reads::<Bytes<Vec<u8>>>, reads::<Value>],
        ),
        (
            b"N\0\0\0\x01x",
            &[reads::<String>, reads::<char>, reads::<Value>],
        ),
        (
            b"S\0\0\0\x02\xc3\xa9",
            &[reads::<String>, reads::<char>, reads::<Value>],
        ),
        (b"M\0\0\0\x01x", &[reads::<Value>]),
    ];
    for (leaf, typed) in cases {
        let whole = [leaf, b"Q"].concat();
        assert!(reads::<Skipped>(&whole), "{whole:02x?} skipped");
        for (number, reads) in typed.iter().enumerate() {
            assert!(reads(&whole), "{whole:02x?} by {number}");
        }
    }
    assert!(reads::<ChannelId>(b"B\0\0\0\x05Q"));
}

#[test]
fn a_decimal_integer_of_64_bits_is_read_in_one_pass() {
    assert!(reads::<Value>(b"H\0\0\0\x0a5000000000Q"));
    assert!(reads::<Value>(b"I\0\0\0\x02-5Q"));
    let large = b"H\0\0\0\x1418446744073709551616Q";
    assert!(!reads::<Value>(large));
}

#[test]
fn containers_are_read_in_one_pass() {
    type Nested = Vec<Vec<(u8, BTreeMap<u8, Vec<u8>>)>>;
    let inner = (1, BTreeMap::from([(2, alloc::vec![3])]));
    let nested: Nested = alloc::vec![alloc::vec![inner; 200]; 3];
    assert!(agrees::<Nested>(
        &DumpOptions::wire().to_vec(&nested).unwrap()
    ));
    // Of a value of any kind it is not known in time what a tuple is.
    let lists: Vec<Value> = (0..200)
        .map(|n| crate::value!([{"k": [n]}, {"more": {}}]))
        .collect();
    let bytes = DumpOptions::wire().to_vec(&lists).unwrap();
    assert!(agrees::<Value>(&bytes) && agrees::<Skipped>(&bytes));
    let kinds = alloc::vec![Kind::Struct { a: alloc::vec![1] }; 200];
    assert!(agrees::<Vec<Kind>>(
        &DumpOptions::wire().to_vec(&kinds).unwrap()
    ));
}

/// Every opcode of strings with every content, by all switches, as types that
/// look at what it is.
#[test]
fn string_switches_apply_in_one_pass() {
    for switches in 0..4 {
        let options = LoadOptions::wire().with_strings(StrConfig {
            py2str_as_py3str: switches & 1 != 0,
            py3str_as_py2str: switches & 2 != 0,
        });
        for opcode in b"MNSA" {
            for content in [&b"a"[..], b"", b"\xc3\xa9", b"\xe9", b"5"] {
                let len = content.len() as u8;
                let bytes = [&[*opcode, 0, 0, 0, len], content, b"Q"].concat();
                agrees_by::<Value>(&options, &bytes);
                agrees_by::<String>(&options, &bytes);
                agrees_by::<Bytes<Vec<u8>>>(&options, &bytes);
                agrees_by::<Vec<u8>>(&options, &bytes);
                agrees_by::<Int>(&options, &bytes);
                let value = options.loads(&bytes).ok();
                let read = options.from_slice::<Value>(&bytes).ok();
                assert_eq!(read, value, "{bytes:02x?} by {options:?}");
                let text = options.from_slice::<String>(&bytes).ok();
                let is_text = value.and_then(Value::into_string);
                assert_eq!(text, is_text, "{bytes:02x?} by {options:?}");
                let raw = options.from_slice::<Bytes<Vec<u8>>>(&bytes);
                let is_raw = read.as_ref().and_then(Value::as_bytes).map(<[u8]>::to_vec);
                assert_eq!(raw.ok().map(|bytes| bytes.0), is_raw, "{bytes:02x?}");
            }
        }
    }
}

/// A number is no field, however the keys are read.
#[test]
fn numbers_as_keys_are_left_to_the_document() {
    #[derive(Derive, Debug, PartialEq)]
    #[serde(untagged)]
    enum Buffered {
        Fields { a: u8, b: u8 },
    }

    let numbered = b"JF\0\0\0\0F\0\0\0\x01PF\0\0\0\x01F\0\0\0\x02PQ";
    assert!(
        LoadOptions::wire()
            .from_slice::<Buffered>(numbered)
            .is_err()
    );
    let named = b"JN\0\0\0\x01aF\0\0\0\x01PN\0\0\0\x01bF\0\0\0\x02PQ";
    assert!(agrees::<Buffered>(named));
    assert_eq!(
        LoadOptions::wire().from_slice::<Buffered>(named).unwrap(),
        Buffered::Fields { a: 1, b: 2 }
    );
}

/// Takes one part, and asks for a tuple of three.
#[derive(Debug, PartialEq)]
struct OneOfThree;

/// Takes one part, and asks for a list.
#[derive(Debug, PartialEq)]
struct OneOfList;

macro_rules! takes_one {
    ($type:ident, $ask:ident($($len:literal)?)) => {
        impl<'de> Visitor<'de> for $type {
            type Value = Self;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("one part")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Self, A::Error> {
                parts.next_element::<IgnoredAny>().map(|_| self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.$ask($($len,)? Self)
            }
        }
    };
}

takes_one!(OneOfThree, deserialize_tuple(3));
takes_one!(OneOfList, deserialize_seq());

/// These bytes are no value, though what the type takes of them looks like one.
#[test]
fn unread_parts_are_not_read_as_the_next_value() {
    // A list of two with one item, whose next index stands for a number.
    let list = b"K\0\0\0\x02F\0\0\0\0LPF\0\0\0\x01@\0\0\0\x02Q";
    assert!(
        LoadOptions::wire()
            .from_slice::<(OneOfList, u8)>(list)
            .is_err()
    );
    // Tuples of three and of three, made of three values.
    let tuples = b"LLL@\0\0\0\x03@\0\0\0\x03Q";
    assert!(
        LoadOptions::wire()
            .from_slice::<((), (), OneOfThree)>(tuples)
            .is_err()
    );
}

#[test]
fn a_unit_variant_may_be_a_dict_of_none() {
    assert!(reads::<Kind>(b"JN\0\0\0\x04UnitLPQ"));
    assert!(
        LoadOptions::wire()
            .from_slice::<Kind>(b"JN\0\0\0\x04UnitRPQ")
            .is_err()
    );
}
