//! Hostile bytes as types in every representation of serde, and what that costs.

use std::collections::BTreeMap;
use std::fmt::Debug;

use execnet_serializer::{Bytes, ChannelId, Complex, DumpOptions, Int, Limits, LoadOptions, Value};
use serde::{Deserialize, Serialize};

/// The longest text of an error.
const LONGEST: usize = 3000;

/// Bytes from the heap for each byte of input, and for each container: the node of a tree, made
/// and dropped by each variant that is tried.
const COST: u64 = 200;
const CONTAINER: u64 = 1 << 13;

/// Whatever a type makes of the bytes costs in proportion to them, an error has a short text that
/// prints, and what the type reads it writes and reads again as the same.
///
/// Of an untagged type that contains itself serde copies the rest at each level: that costs depth
/// times the input.
pub fn serde_types(input: &[u8]) {
    let depth = u64::from(Limits::TYPED_DEPTH);
    check::<External>(input, 1);
    check::<Internal>(input, 1);
    check::<Adjacent>(input, 1);
    check::<Flattened>(input, 1);
    check::<Untagged>(input, depth);
    check::<serde_json::Value>(input, 1);
    check::<Vec<BTreeMap<String, Flattened>>>(input, 1);
}

fn check<T: Serialize + for<'de> Deserialize<'de> + Debug>(input: &[u8], factor: u64) {
    let mut read = None;
    let spent =
        allocation_counter::measure(|| read = Some(LoadOptions::wire().from_slice::<T>(input)));
    let containers = input.iter().filter(|byte| b"@EJKO".contains(byte)).count() as u64;
    let most = factor * (COST * (input.len() as u64 + 64) + CONTAINER * containers);
    assert!(
        spent.bytes_total <= most,
        "{spent:?} for {} bytes",
        input.len()
    );
    match read {
        Some(Ok(value)) => comes_back(&value),
        Some(Err(error)) => {
            let text = error.to_string();
            assert!(text.len() <= LONGEST, "{text}");
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
        None => {}
    }
}

fn comes_back<T: Serialize + for<'de> Deserialize<'de> + Debug>(value: &T) {
    // One level more than what was read may be needed: a struct out of a list.
    let Ok(bytes) = DumpOptions::wire().to_vec(value) else {
        return;
    };
    let again: T = LoadOptions::wire()
        .from_slice(&bytes)
        .expect("what was written can be read");
    // Equal but for NaNs.
    assert_eq!(format!("{again:?}"), format!("{value:?}"));
}

#[derive(Debug, Serialize, Deserialize)]
enum External {
    Unit,
    One(Option<Box<External>>),
    Two(u8, Bytes<Vec<u8>>),
    Named { list: Vec<External>, key: char },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "t")]
enum Internal {
    #[serde(rename = "a")]
    Node { n: Option<Box<Internal>> },
    #[serde(rename = "b")]
    Leaf(Leaf),
}

#[derive(Debug, Serialize, Deserialize)]
struct Leaf {
    int: Option<Int>,
    id: Option<ChannelId>,
    #[serde(default)]
    bytes: Bytes2,
    complex: Option<Complex>,
}

/// Bytes with a default.
#[derive(Debug, Serialize, Deserialize)]
struct Bytes2(Bytes<Vec<u8>>);

impl Default for Bytes2 {
    fn default() -> Self {
        Self(Bytes(Vec::new()))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "t", content = "c", deny_unknown_fields)]
enum Adjacent {
    #[serde(rename = "a")]
    Node(Vec<Adjacent>),
    #[serde(rename = "b")]
    Leaf { x: f64 },
}

#[derive(Debug, Serialize, Deserialize)]
struct Flattened {
    #[serde(default)]
    a: u8,
    #[serde(flatten)]
    leaf: Leaf,
    #[serde(flatten)]
    more: BTreeMap<String, Untagged>,
}

/// Each variant takes what no other does.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Null(()),
    Flag(bool),
    Text(String),
    List(Vec<Untagged>),
    Map(BTreeMap<String, Untagged>),
    Float(f64),
    Other(Value),
}
