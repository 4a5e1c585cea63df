//! What a type expected, and what it found instead.

use super::*;

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
