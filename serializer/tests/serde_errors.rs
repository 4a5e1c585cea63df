//! What the errors of typed reads and writes say, and what they cost.
#![cfg(all(feature = "serde", feature = "alloc"))]
#![allow(clippy::unwrap_used, clippy::panic)] // In helpers of tests too.

extern crate alloc;

use alloc::collections::BTreeMap;
use std::collections::HashMap;

use execnet_serializer::{
    Encoder, LoadOptions, Value, dumps_internal, from_slice, from_slice_internal,
};
use serde::Deserialize;

/// The longest text of an error, whatever the input is.
const LONGEST: usize = 3000;

#[derive(Deserialize, Debug)]
#[allow(dead_code)]
#[serde(tag = "kind")]
enum Tagged {
    Node { inner: HashMap<String, Tagged> },
}

#[derive(Deserialize, Debug)]
#[allow(dead_code)]
struct Flattened {
    id: Option<u8>,
    #[serde(flatten)]
    rest: HashMap<String, serde_json::Value>,
}

#[derive(Deserialize, Debug)]
#[allow(dead_code)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    More(HashMap<String, serde_json::Value>),
}

#[derive(Deserialize, Debug)]
#[serde(transparent)]
#[allow(dead_code)]
struct Dicts(HashMap<String, Dicts>);

/// A dict with a key that is no text, which all the types above refuse, under `key`, in `depth` dicts.
fn refused_under(key: &str, depth: usize) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    for name in (1..depth).map(|_| "a").chain([key]) {
        encoder.dict().unwrap();
        encoder.str(name).unwrap();
    }
    encoder.dict().unwrap();
    encoder.int(1).unwrap();
    encoder.none().unwrap();
    for _ in 0..=depth {
        encoder.set_item().unwrap();
    }
    encoder.stop().unwrap();
    encoder.into_inner()
}

/// Reading as `T` is refused with a short text, and allocates no more than some
/// copies of the input.
fn cheap_refusal<'de, T: Deserialize<'de>>(name: &str, bytes: &'de [u8]) {
    let mut text = String::new();
    let spent = allocation_counter::measure(|| {
        let Err(error) = from_slice_internal::<T>(bytes) else {
            panic!("{name}: not refused");
        };
        text = error.to_string();
    });
    assert!(text.len() <= LONGEST, "{name}: {} bytes", text.len());
    let most = 6 * bytes.len() as u64;
    assert!(spent.bytes_total <= most, "{name}: {spent:?}");
}

#[test]
fn an_error_costs_no_more_than_reading_whatever_the_keys_are() {
    let key = "\x01".repeat(1 << 23);
    std::thread::scope(|scope| {
        let large = std::thread::Builder::new().stack_size(1 << 26);
        let thread = large.spawn_scoped(scope, || {
            for depth in [1, 2, 100] {
                let bytes = refused_under(&key, depth);
                cheap_refusal::<serde_json::Value>("any", &bytes);
                cheap_refusal::<Tagged>("tagged", &bytes);
                cheap_refusal::<Flattened>("flattened", &bytes);
                cheap_refusal::<Untagged>("untagged", &bytes);
                cheap_refusal::<Dicts>("maps", &bytes);
            }
        });
        thread.unwrap().join().unwrap();
    });
}

#[test]
fn a_long_path_is_shown_by_both_its_ends() {
    type Four<T> = BTreeMap<String, BTreeMap<String, BTreeMap<String, BTreeMap<String, T>>>>;
    let value: Value = "{'a': {'b': {'c': {'d': {'e': {'f': {'g': {'h': {'i': {'j': {'k': {'l': \
                        {'m': {'n': {'o': {'p': {'q': 'x'}}}}}}}}}}}}}}}}}"
        .parse()
        .unwrap();
    let bytes = dumps_internal(&value).unwrap();
    let error = from_slice_internal::<Four<Four<Four<Four<BTreeMap<String, u8>>>>>>(&bytes);
    assert_eq!(
        error.unwrap_err().path().to_string(),
        "['a']['b']['c']['d']['e']['f']['g']['h']...['j']['k']['l']['m']['n']['o']['p']['q']",
    );
}

/// The text of the error of reading a literal as a type.
fn refused<T: for<'de> Deserialize<'de> + core::fmt::Debug>(literal: &str) -> String {
    let value: Value = literal.parse().unwrap();
    let bytes = dumps_internal(&value).unwrap();
    from_slice_internal::<T>(&bytes).unwrap_err().to_string()
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Strict {
    name: u8,
    #[serde(rename = "with-dash")]
    dashed: u8,
}

#[derive(Deserialize, Debug)]
#[allow(dead_code)]
enum Choice {
    First(u8),
}

#[test]
fn the_texts_of_a_peer_are_escaped_and_cut_short() {
    for (text, message) in [
        (
            refused::<Strict>("{'\\x1b[31m': 1}"),
            "['\\u{1b}[31m']: unknown field `\\u{1b}[31m`, expected one of `name`, `with-dash`",
        ),
        (
            refused::<Strict>("{'name': 1, 'with-dash': '\\u202e\"'}"),
            "['with-dash']: invalid type: string \"\\u{202e}\\\"\", expected u8",
        ),
        (
            refused::<Choice>("{'\\n': 1}"),
            "unknown variant `\\n`, expected `First`",
        ),
        (
            refused::<HashMap<String, u8>>("{\"it's\": 'x'}"),
            "['it\\'s']: invalid type: string \"x\", expected u8",
        ),
        (
            refused::<char>("'two'"),
            "invalid value: string \"two\", expected a character",
        ),
    ] {
        assert_eq!(text, message);
    }
    let long = format!("{{'{0}': '{0}'}}", "x".repeat(1 << 20));
    let cut = format!("{}...", "x".repeat(100));
    assert_eq!(
        refused::<HashMap<String, u8>>(&long),
        format!("['{cut}']: invalid type: string \"{cut}\", expected u8")
    );
    assert!(refused::<Strict>(&long).starts_with(&format!(".{cut}: unknown field `{cut}`")));
    assert!(refused::<Choice>(&long).starts_with(&format!("unknown variant `{cut}`")));
}

/// A type that puts all it was given into its message.
#[derive(Debug)]
struct Talkative;

impl<'de> Deserialize<'de> for Talkative {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&str>::deserialize(deserializer)?;
        Err(serde::de::Error::custom(format_args!("no use for {text}")))
    }
}

#[test]
fn what_other_types_say_is_escaped_and_cut_short_too() {
    assert_eq!(refused::<Talkative>("'\\x1b\\'é'"), "no use for \\u{1b}'é");
    let long = refused::<Talkative>(&format!("'{}'", "\\x01".repeat(1 << 20)));
    assert!(long.len() <= LONGEST && long.ends_with("..."), "{long}");
}

#[test]
fn an_offset_counts_the_version_byte() {
    let error = from_slice::<u8>(b"\x02F\0\0").unwrap_err();
    assert_eq!(error.as_load_error().unwrap().offset(), 2);
    let error = LoadOptions::new().from_slice_internal::<u8>(b"F\0\0");
    assert_eq!(error.unwrap_err().as_load_error().unwrap().offset(), 1);
}

#[test]
fn a_field_whose_key_is_not_text_is_unknown_by_that() {
    let refusals =
        ["{'name': 1, 3: 2}", "{'name': 1, b'name': 2}", "{None: 1}"].map(refused::<Strict>);
    let reason = "unknown field whose key is not text, expected one of `name`, `with-dash`";
    assert_eq!(refusals[0], format!("[3]: {reason}"));
    assert_eq!(refusals[1], format!("[...]: {reason}"));
    assert_eq!(refusals[2], format!("[...]: {reason}"));
}
