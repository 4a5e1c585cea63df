//! What Rust's own types are written as.
#![cfg(all(feature = "literal", feature = "std"))]
#![allow(clippy::unwrap_used)] // In helpers of tests too.

extern crate alloc;

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::rc::Rc;
use alloc::sync::Arc;
use std::collections::{HashMap, HashSet};

use execnet_serializer::{Bytes, ChannelId, Complex, Dump, Int, Value, dumps, loads};

fn is(value: impl Dump, literal: &str) {
    let loaded = loads(&dumps(&value).unwrap()).unwrap();
    assert_eq!(loaded.to_string(), literal);
}

#[test]
fn the_types_of_the_standard_library_are_written() {
    is(vec![1, 2].len(), "2");
    is(usize::MAX, &usize::MAX.to_string());
    is(isize::MIN, &isize::MIN.to_string());
    is(BTreeMap::from([("a", 1), ("b", 2)]), "{'a': 1, 'b': 2}");
    is(HashMap::from([(1, ["x"])]), "{1: ['x']}");
    is(BTreeSet::from([1, 2]), "{1, 2}");
    is(HashSet::from([(1, "a")]), "{(1, 'a')}");
    is(VecDeque::from([1, 2]), "[1, 2]");
    is(
        [Cow::Borrowed("a"), Cow::Owned("b".to_owned())],
        "['a', 'b']",
    );
    is(Cow::Borrowed(&[1, 2][..]), "[1, 2]");
    is(
        (Arc::new(1), Rc::<str>::from("x"), Box::new([2])),
        "(1, 'x', [2])",
    );
    is(Arc::<[u8]>::from([1]), "[1]");
    is(Bytes([0, 0xff]), "b'\\x00\\xff'");
    is(
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
        "(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)",
    );
}

#[test]
fn keys_and_elements_are_hashable_or_refused() {
    let text = String::from("k");
    is(HashMap::from([(Some(&text), ())]), "{'k': None}");
    is(
        BTreeSet::from([Box::new(Arc::new(Cow::Borrowed("x")))]),
        "{'x'}",
    );
    let keys = [Value::from(1), Value::from((1, "x"))];
    for key in keys {
        assert!(Dump::is_hashable(&key));
    }
    assert!(Dump::is_hashable(&(
        Bytes(b""),
        Int::from(1),
        ChannelId(1),
        None::<Vec<u8>>
    )));
    assert!(Dump::is_hashable(&Complex { re: 0.0, im: 0.0 }));
    for refused in [
        dumps(&BTreeMap::from([(vec![1], 1)])),
        dumps(&BTreeMap::from([((1, [2]), 1)])),
        dumps(&BTreeSet::from([Some(BTreeSet::from([1]))])),
        dumps(&BTreeSet::from([BTreeMap::from([(1, 1)])])),
        dumps(&HashSet::from([VecDeque::from([1])])),
        dumps(&BTreeSet::from([Cow::Borrowed(&[1][..])])),
    ] {
        assert!(refused.unwrap_err().is_unhashable());
    }
    for key in ["[1]", "{1: 2}", "{1}", "(1, [2])"] {
        let key: Value = key.parse().unwrap();
        assert!(!Dump::is_hashable(&key), "{key}");
        for refused in [
            dumps(&BTreeMap::from([(&key, 1)])),
            dumps(&Value::Dict(
                [(key.clone(), 1.into())].into_iter().collect(),
            )),
            dumps(&Value::Set([key.clone()].into_iter().collect())),
            dumps(&Value::FrozenSet([key.clone()].into_iter().collect())),
        ] {
            assert!(refused.unwrap_err().is_unhashable(), "{key}");
        }
    }
}
