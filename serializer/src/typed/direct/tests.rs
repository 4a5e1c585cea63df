//! The fast way and the document, held against each other.

extern crate std;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Debug;

use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde::{Deserialize as Derive, Serialize};

use super::read;
use crate::{DocumentBuf, LoadOptions, Value, to_vec_internal};

/// What the fast way reads is what the document says; whether it did read.
fn agrees<'de, T: Deserialize<'de> + PartialEq + Debug>(bytes: &'de [u8]) -> bool {
    let options = LoadOptions::channel();
    match read::<T>(&options, bytes) {
        Err(_) => false,
        Ok(fast) => {
            let document = DocumentBuf::loads_internal(bytes).unwrap();
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
    fn what_this_crate_writes_is_read_the_fast_way(record in record()) {
        let bytes = to_vec_internal(&record).unwrap();
        prop_assert!(agrees::<Record>(&bytes));
        prop_assert_eq!(read::<Record>(&LoadOptions::new(), &bytes).unwrap(), record);
    }

    #[test]
    fn damaged_bytes_are_never_read_otherwise(
        record in record(),
        at in any::<prop::sample::Index>(),
        byte in b'?'..=b'U',
    ) {
        let mut bytes = to_vec_internal(&record).unwrap();
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
fn a_type_that_goes_on_after_an_error_is_left_to_the_document() {
    type Type = (Lenient<String>, Lenient<(u8, u8)>, u8);
    // (5, 6, 7): read on after each error, the second item would be (5, 6).
    let bytes = b"F\0\0\0\x05F\0\0\0\x06F\0\0\0\x07@\0\0\0\x03Q";
    assert!(read::<Type>(&LoadOptions::new(), bytes).is_err());
    let document = DocumentBuf::loads_internal(bytes).unwrap();
    let value: Type = document.root().deserialize().unwrap();
    assert_eq!(value, (Lenient(None), Lenient(None), 7));
}

#[test]
fn limits_hold_on_the_fast_way() {
    let options = |limits| LoadOptions::new().limits(limits);
    let limits = crate::Limits::default();
    let bytes = to_vec_internal(&[alloc::vec![1, 2]].as_slice()).unwrap();
    let fast = |limits| read::<Vec<Vec<u8>>>(&options(limits), &bytes).is_ok();
    assert!(fast(limits.with_depth(2)) && !fast(limits.with_depth(1)));
    assert!(fast(limits.with_items(4)) && !fast(limits.with_items(3)));
    assert!(fast(limits.with_bytes(bytes.len())) && !fast(limits.with_bytes(bytes.len() - 1)));
}
