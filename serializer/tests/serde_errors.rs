//! What the errors of typed reads and writes say, and what they cost.
#![cfg(all(feature = "serde", feature = "literal"))]
#![allow(clippy::unwrap_used, clippy::panic)] // In helpers of tests too.

extern crate alloc;

use alloc::collections::BTreeMap;
use std::collections::HashMap;

use execnet_serializer::typed::{AsFrozenSet, AsSet, Error};
use execnet_serializer::{
    Bytes, ChannelId, Complex, Dict, DumpOptions, Encoder, Int, LoadOptions, Value, from_slice,
    from_value,
};
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};

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
        let Err(error) = LoadOptions::wire().from_slice::<T>(bytes) else {
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
    let bytes = DumpOptions::wire().dumps(&value).unwrap();
    let error =
        LoadOptions::wire().from_slice::<Four<Four<Four<Four<BTreeMap<String, u8>>>>>>(&bytes);
    assert_eq!(
        error.unwrap_err().path().to_string(),
        "['a']['b']['c']['d']['e']['f']['g']['h']...['j']['k']['l']['m']['n']['o']['p']['q']",
    );
}

/// The text of the error of reading a literal as a type.
fn refused<T: for<'de> Deserialize<'de> + core::fmt::Debug>(literal: &str) -> String {
    let value: Value = literal.parse().unwrap();
    let bytes = DumpOptions::wire().dumps(&value).unwrap();
    LoadOptions::wire()
        .from_slice::<T>(&bytes)
        .unwrap_err()
        .to_string()
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
fn messages_of_foreign_types_are_escaped_and_cut() {
    assert_eq!(refused::<Talkative>("'\\x1b\\'é'"), "no use for \\u{1b}'é");
    let long = refused::<Talkative>(&format!("'{}'", "\\x01".repeat(1 << 20)));
    assert!(long.len() <= LONGEST && long.ends_with("..."), "{long}");
}

#[test]
fn an_offset_counts_the_version_byte() {
    let error = from_slice::<u8>(b"\x02F\0\0").unwrap_err();
    assert_eq!(error.as_load_error().unwrap().offset(), 2);
    let error = LoadOptions::wire().from_slice::<u8>(b"F\0\0");
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

/// Refuses whatever is asked for, by what the type says that it expects.
struct Refuses;

impl<'de> serde::Deserializer<'de> for Refuses {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        use serde::de::{Error as _, Unexpected};
        Err(Error::invalid_type(Unexpected::Other("this"), &visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

#[test]
fn each_type_says_what_it_expects() {
    fn says<'de, T: Deserialize<'de> + core::fmt::Debug>(expected: &str) {
        let error = T::deserialize(Refuses).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("invalid type: this, expected {expected}")
        );
    }
    says::<Value>("any value");
    says::<Dict>("a dict");
    says::<Int>("an integer");
    says::<ChannelId>("a channel");
    says::<Bytes<&[u8]>>("borrowed bytes");
    says::<Bytes<Vec<u8>>>("bytes");
    says::<Bytes<Box<[u8]>>>("bytes");
    says::<Bytes<alloc::borrow::Cow<'_, [u8]>>>("bytes");
    says::<Bytes<[u8; 2]>>("2 bytes");
    // By the names that other formats see.
    says::<AsSet<Vec<u8>>>("__execnet_Set");
    says::<AsFrozenSet<Vec<u8>>>("__execnet_FrozenSet");
    says::<Complex>("__execnet_Complex");
}

#[test]
fn other_formats_are_refused_by_what_is_expected() {
    fn json<T: for<'de> Deserialize<'de> + core::fmt::Debug>(text: &str) -> String {
        let error = serde_json::from_str::<T>(text).unwrap_err().to_string();
        let (message, _) = error.rsplit_once(" at line").unwrap();
        message.to_owned()
    }
    for (text, expected) in [
        ("[1]", "invalid length 1, expected 2 bytes"),
        ("[]", "invalid length 0, expected 2 bytes"),
        ("[1, 2, 3]", "invalid length 3, expected 2 bytes"),
        ("\"abc\"", "invalid length 3, expected 2 bytes"),
    ] {
        assert_eq!(json::<Bytes<[u8; 2]>>(text), expected, "{text}");
    }
    let map = "invalid type: map, expected a map of `$channel`";
    assert_eq!(json::<ChannelId>("{\"channel\": 3}"), map);
    assert_eq!(json::<ChannelId>("{}"), map);
    assert_eq!(
        json::<Int>("{\"int\": 3}"),
        "invalid type: map, expected an integer"
    );
    let message_pack = rmp_serde::to_vec(&BTreeMap::from([(1, 3)])).unwrap();
    let error = rmp_serde::from_slice::<ChannelId>(&message_pack).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid type: integer `1`, expected $channel"
    );
}

/// One literal of each kind, and what an error calls it.
const KINDS: [(&str, &str); 13] = [
    ("None", "unit value"),
    ("True", "boolean `true`"),
    ("7", "integer `7`"),
    ("36893488147419103232", "int"),
    ("2.5", "floating point `2.5`"),
    ("1j", "complex"),
    ("b'x'", "byte array"),
    ("'x'", "string \"x\""),
    ("[1]", "list"),
    ("(1,)", "tuple"),
    ("{1: 2}", "dict"),
    ("{1}", "set"),
    ("frozenset({1})", "frozenset"),
];

#[test]
fn an_error_names_each_kind() {
    for (literal, name) in KINDS {
        let channel = refused::<ChannelId>(literal);
        assert_eq!(channel, format!("invalid type: {name}, expected a channel"));
        if !name.starts_with("int") {
            let int = refused::<Int>(literal);
            assert_eq!(int, format!("invalid type: {name}, expected an integer"));
        }
        if !matches!(name, "dict" | "string \"x\"") {
            let choice = refused::<Choice>(literal);
            assert_eq!(
                choice,
                format!("invalid type: {name}, expected enum Choice")
            );
        }
    }
    // Nor what looks as other formats have such an integer.
    assert_eq!(
        refused::<Int>("{'$int': '5'}"),
        "invalid type: dict, expected an integer"
    );
    for text in ["'x'", "'\\xe9'"] {
        let bytes = refused::<Bytes<Vec<u8>>>(text);
        assert!(bytes.starts_with("invalid type: string"), "{bytes}");
        assert!(bytes.ends_with("expected bytes"), "{bytes}");
        let buffer = refused::<serde_bytes::ByteBuf>(text);
        assert!(buffer.starts_with("invalid type: string"), "{buffer}");
    }
}

#[test]
fn a_variant_is_text_or_a_dict_of_one_pair() {
    #[derive(Deserialize, Debug, PartialEq)]
    enum Variants {
        Unit,
        Newtype(u8),
    }
    let one_pair =
        |len| format!("invalid length {len}, expected a dict of one pair, an enum's variant");
    assert_eq!(refused::<Variants>("{}"), one_pair(0));
    assert_eq!(refused::<Variants>("{'Newtype': 1, 'b': 2}"), one_pair(2));
    assert_eq!(
        refused::<Variants>("{'Unit': 5}"),
        ".Unit: invalid type: integer `5`, expected unit"
    );
    assert_eq!(
        refused::<Variants>("{'Newtype': -1}"),
        ".Newtype: invalid value: integer `-1`, expected u8"
    );
    let value: Value = "{'Unit': None}".parse().unwrap();
    assert_eq!(from_value::<Variants>(&value).unwrap(), Variants::Unit);
}

/// Reads one pair or item of what it is given.
#[derive(Debug)]
struct First;

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for First {
    type Value = Self;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("one part")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        items.next_element::<IgnoredAny>().map(|_| self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Self, A::Error> {
        pairs.next_entry::<IgnoredAny, IgnoredAny>().map(|_| self)
    }
}

#[test]
fn unread_parts_are_an_error() {
    for (literal, len) in [
        ("[1, 2, 3]", 3),
        ("(1, 2)", 2),
        ("{1, 2, 3, 4}", 4),
        ("2j", 2),
        ("{'a': 1, 'b': 2}", 2),
        ("{'a': 1, 'b': 2, 'c': 3, 'd': 4}", 4),
    ] {
        assert_eq!(
            refused::<First>(literal),
            format!("invalid length {len}, expected 1 items"),
            "{literal}"
        );
    }
    for literal in ["[1]", "(1,)", "{1}", "{'a': 1}", "[]", "{}"] {
        from_value::<First>(&literal.parse().unwrap()).unwrap();
    }
}

/// A list of what serde's own maps cannot be keys of.
fn unhashable() -> BTreeMap<Vec<u8>, u8> {
    BTreeMap::from([(vec![1], 2)])
}

/// A map that is written key by key and value by value, of which the last is
/// `unhashable`, after `whole` pairs at once.
struct ByParts {
    whole: i32,
    parts: i32,
    bad_key: bool,
}

impl serde::Serialize for ByParts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        for n in 0..self.whole {
            map.serialize_entry(&n, &())?;
        }
        for n in 0..self.parts {
            map.serialize_key(&(n + self.whole))?;
            map.serialize_value("good")?;
        }
        if self.bad_key {
            map.serialize_key(&unhashable())?;
        } else {
            map.serialize_key("bad")?;
            map.serialize_value(&unhashable())?;
        }
        map.end()
    }
}

#[test]
fn errors_of_writing_name_the_place() {
    #[derive(serde::Serialize)]
    enum Variants {
        Newtype(BTreeMap<Vec<u8>, u8>),
        Tuple(u8, BTreeMap<Vec<u8>, u8>),
        Struct { field: BTreeMap<Vec<u8>, u8> },
    }
    fn place(value: &impl serde::Serialize) -> String {
        let error = execnet_serializer::to_vec(value).unwrap_err();
        assert!(error.to_string().contains("unhashable"), "{error}");
        error.path().to_string()
    }
    assert_eq!(place(&Variants::Newtype(unhashable())), ".Newtype[...]");
    assert_eq!(place(&Variants::Tuple(1, unhashable())), ".Tuple[1][...]");
    let field = unhashable();
    assert_eq!(place(&Variants::Struct { field }), ".Struct.field[...]");
    assert_eq!(place(&BTreeMap::from([(5, unhashable())])), "[5][...]");
    assert_eq!(place(&BTreeMap::from([("k", unhashable())])), "['k'][...]");
    for (whole, parts) in [(0, 0), (0, 2), (2, 0), (2, 1), (3, 3)] {
        let by_parts = |bad_key| ByParts {
            whole,
            parts,
            bad_key,
        };
        let pair = whole + parts;
        assert_eq!(place(&by_parts(false)), format!("[pair {pair}][...]"));
        assert_eq!(place(&by_parts(true)), format!("[pair {pair}]"));
    }
}

#[test]
fn a_message_is_cut_where_it_exceeds_its_room() {
    use serde::de::Error as _;
    let message = |text: &str| Error::custom(text).to_string();
    for character in ["x", "é", "\u{20ac}"] {
        let size = character.len();
        let fits = character.repeat(1000 / size);
        assert_eq!(message(&fits), fits);
        let filled = format!("{fits}{}", "y".repeat(1000 % size));
        assert_eq!(message(&filled), filled);
        let cut = format!("{}...", character.repeat(997 / size));
        assert_eq!(message(&format!("{filled}z")), cut);
        assert_eq!(message(&character.repeat(5000)), cut);
    }
}

#[test]
fn errors_show_themselves_and_their_sources() {
    use core::error::Error as _;

    use execnet_serializer::StreamError;
    use execnet_serializer::embedded_io::SliceWriteError;

    let error = LoadOptions::wire().from_slice::<u8>(b"RQ").unwrap_err();
    let text = "invalid type: boolean `true`, expected u8";
    assert_eq!(format!("{error:?}"), format!("Error({text})"));
    assert!(error.source().is_none());
    let value: StreamError<_, SliceWriteError> = error.into();
    assert_eq!(value.to_string(), text);
    assert!(value.source().is_none());
    let sink = StreamError::<Error, _>::Io(SliceWriteError::Full);
    assert_eq!(sink.to_string(), "cannot read or write the encoded value");
    assert_eq!(sink.source().unwrap().to_string(), "Full");
}
