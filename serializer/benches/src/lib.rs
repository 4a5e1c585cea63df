//! The documents that every codec is measured on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

/// What a test runner's worker reports of one test, with texts of its own or borrowed ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report<S: Ord = String> {
    nodeid: S,
    location: (S, u32, S),
    keywords: BTreeMap<S, u8>,
    outcome: S,
    longrepr: Option<S>,
    when: S,
    user_properties: Vec<(S, f64)>,
    sections: Vec<(S, S)>,
    duration: f64,
    start: f64,
    stop: f64,
    item_index: u32,
    worker_id: S,
    testrun_uid: S,
}

/// A node with its children.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    name: String,
    value: i64,
    children: Vec<Tree>,
}

/// 500 reports, alike as those of one run are.
pub fn reports() -> Vec<Report> {
    (0..500).map(report).collect()
}

fn report(index: u32) -> Report {
    let names = ["test_case", "tests", "param-1", "pytestmark", "slow"];
    let start = 1.7e9 + f64::from(index);
    Report {
        nodeid: format!("tests/test_x.py::test_case[param-{index}]"),
        location: (
            "tests/test_x.py".into(),
            41,
            format!("test_case[param-{index}]"),
        ),
        keywords: names.map(|name| (name.to_owned(), 1)).into(),
        outcome: "passed".into(),
        longrepr: None,
        when: "call".into(),
        user_properties: vec![("a".into(), 1.0), ("b".into(), 2.5)],
        sections: vec![("Captured stdout call".into(), "x".repeat(200))],
        duration: 0.00123,
        start,
        stop: start + 1.0,
        item_index: index,
        worker_id: "gw0".into(),
        testrun_uid: "0123456789abcdef".into(),
    }
}

/// 100,000 integers.
pub fn ints() -> Vec<i64> {
    (0..100_000).collect()
}

/// 16 MiB of bytes in 16 parts.
pub fn bytes() -> Vec<ByteBuf> {
    let part = |seed: u32| {
        let mut state = seed.wrapping_mul(2_654_435_761).max(1);
        let next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_le_bytes()[0]
        };
        ByteBuf::from(
            core::iter::repeat_with(next)
                .take(1 << 20)
                .collect::<Vec<u8>>(),
        )
    };
    (1..=16).map(part).collect()
}

/// 100 trees of 101 nodes, 50 deep: as deep as every codec goes by default.
pub fn trees() -> Vec<Tree> {
    (0..100).map(tree).collect()
}

fn tree(root: i64) -> Tree {
    let leaf = |level: i64| Tree {
        name: format!("leaf {root}.{level}"),
        value: root * level,
        children: Vec::new(),
    };
    (0..50).fold(leaf(0), |inner, level| Tree {
        name: format!("node {root}.{level}"),
        value: level,
        children: vec![inner, leaf(level)],
    })
}

/// 100,000 strings of up to 12 characters, every tenth not ASCII.
pub fn strings() -> Vec<String> {
    let string = |n: usize| {
        let text = format!("{:x}", n.wrapping_mul(2_654_435_761));
        let text: String = text.chars().take(1 + n % 12).collect();
        if n.is_multiple_of(10) {
            format!("é{text}")
        } else {
            text
        }
    };
    (0..100_000).map(string).collect()
}

/// 50,000 floats by name.
pub fn floats() -> BTreeMap<String, f64> {
    (0..50_000)
        .map(|n| (format!("metric.{n:05}"), f64::from(n) * 0.375))
        .collect()
}
