//! The borrowed document: the same values and the same verdicts as every other
//! decoder of the crate.

mod model;

use execnet_serializer::{LoadOptions, Node, NodeKind, StrConfig};
use model::{encoded, model};
use proptest::prelude::*;

const ROOM: usize = 512;

proptest! {
    #[test]
    fn a_document_has_the_values_that_were_written(value in model(), behind in any::<Vec<u8>>()) {
        let mut bytes = encoded(&value);
        let written = bytes.len();
        bytes.extend(behind);
        let document = LoadOptions::wire().document::<ROOM>(&bytes).unwrap();
        prop_assert!(value.is(document.root()));
        prop_assert_eq!(document.bytes_taken(), written);
        prop_assert_eq!(document.parts(), value.parts());
    }

    #[test]
    fn a_cut_document_is_truncated(value in model(), at in any::<prop::sample::Index>()) {
        let bytes = encoded(&value);
        let cut = &bytes[..at.index(bytes.len())];
        let error = LoadOptions::wire().document::<ROOM>(cut).unwrap_err();
        prop_assert!(error.is_truncated(), "{}", error);
        prop_assert!(error.offset() <= cut.len());
    }
}

#[test]
fn a_document_without_room_is_an_error_of_limits() {
    // [None, None]
    let bytes = b"K\0\0\0\x02F\0\0\0\0LPF\0\0\0\x01LPQ";
    assert_eq!(LoadOptions::wire().document::<3>(bytes).unwrap().parts(), 3);
    assert!(
        LoadOptions::wire()
            .document::<2>(bytes)
            .unwrap_err()
            .is_limit()
    );
}

#[test]
fn the_last_value_of_a_repeated_key_is_kept() {
    // {"a": 1, "a": 2}
    let bytes = b"JN\0\0\0\x01aF\0\0\0\x01PN\0\0\0\x01aF\0\0\0\x02PQ";
    let document = LoadOptions::wire().document::<8>(bytes).unwrap();
    assert_eq!(document.root().pairs().len(), 2);
    assert_eq!(document.root().get("a").and_then(Node::as_i64), Some(2));
    assert!(document.root().get("b").is_none());
}

#[test]
fn a_latin_1_key_is_found_by_its_text() {
    // {b"\xe9": 1, "e": 2}, where a Python 2 string is text.
    let bytes = b"JM\0\0\0\x01\xe9F\0\0\0\x01PN\0\0\0\x01eF\0\0\0\x02PQ";
    let text = LoadOptions::wire();
    let document = text.document::<8>(bytes).unwrap();
    let found = |key| document.root().get(key).and_then(Node::as_i64);
    assert_eq!((found("\u{e9}"), found("e")), (Some(1), Some(2)));
    assert_eq!(
        (found("\u{e8}"), found("\u{e9}x"), found("")),
        (None, None, None)
    );
    let bytes = LoadOptions::wire()
        .with_strings(StrConfig::STORED)
        .document::<8>(bytes)
        .unwrap();
    assert!(bytes.root().get("\u{e9}").is_none());
}

#[test]
fn an_index_of_a_list_may_be_a_long_and_follow_a_nested_value() {
    // [None] and [[], 7], by LONG indexes.
    let bytes = b"K\0\0\0\x01G\0\0\0\0LPQ";
    let document = LoadOptions::wire().document::<3>(bytes).unwrap();
    assert!(document.root().items().next().is_some_and(Node::is_none));
    let bytes = b"K\0\0\0\x02G\0\0\0\0K\0\0\0\0PG\0\0\0\x01F\0\0\0\x07PQ";
    let document = LoadOptions::wire().document::<5>(bytes).unwrap();
    assert_eq!(
        document.root().items().nth(1).and_then(Node::as_i64),
        Some(7)
    );
    // [[None]]
    let bytes = b"K\0\0\0\x01G\0\0\0\0K\0\0\0\x01G\0\0\0\0LPPQ";
    let document = LoadOptions::wire().document::<5>(bytes).unwrap();
    let inner = document.root().items().next();
    assert!(inner.is_some_and(|inner| inner.items().all(Node::is_none)));
    let wrong = b"K\0\0\0\x01G\0\0\0\x01LPQ";
    assert!(
        LoadOptions::wire()
            .document::<3>(wrong)
            .unwrap_err()
            .is_malformed()
    );
}

#[test]
fn strings_of_python_2_follow_the_switches() {
    let bytes = b"M\0\0\0\x02a\xe9Q";
    let stored = LoadOptions::wire().with_strings(StrConfig::STORED);
    let document = stored.document::<1>(bytes).unwrap();
    assert_eq!(document.root().as_bytes(), Some(&b"a\xe9"[..]));
    let text = stored.with_strings(StrConfig::CHANNEL);
    let document = text.document::<1>(bytes).unwrap();
    assert!(matches!(document.root().kind(), NodeKind::Latin1(b"a\xe9")));
    // Each byte is a character, also where the bytes are UTF-8.
    let document = text.document::<1>(b"M\0\0\0\x02\xc3\xa9Q").unwrap();
    assert!(matches!(
        document.root().kind(),
        NodeKind::Latin1(b"\xc3\xa9")
    ));
    let document = text.document::<1>(b"M\0\0\0\x01aQ").unwrap();
    assert_eq!(document.root().as_str(), Some("a"));
}

#[test]
fn borrowed_text_outlives_the_document() {
    let bytes = b"N\0\0\0\x05helloQ".to_vec();
    let text = LoadOptions::wire()
        .document::<1>(&bytes)
        .unwrap()
        .root()
        .as_str();
    assert_eq!(text, Some("hello"));
}

#[cfg(feature = "alloc")]
mod with_values {
    use execnet_serializer::{DocumentBuf, LoadOptions, Value, dumps, loads};

    use super::*;

    /// Same value or same error, and the same bytes taken.
    fn agree(bytes: &[u8], options: LoadOptions) {
        let value = options.load_prefix(bytes);
        let document = options.document_buf(bytes);
        let seen = document.map(|document| (document.root().to_value(), document.bytes_taken()));
        assert_eq!(seen, value, "{bytes:02x?}");
    }

    proptest! {
        #[test]
        fn documents_and_values_agree(value in model()) {
            let bytes = dumps(&value).unwrap();
            let document = DocumentBuf::loads(&bytes).unwrap();
            prop_assert_eq!(document.root().to_value(), value.to_value());
            prop_assert_eq!(loads(&bytes).unwrap(), value.to_value());
        }

        #[test]
        fn documents_and_values_agree_on_damaged_bytes(
            value in model(),
            at in any::<prop::sample::Index>(),
            byte in b'?'..=b'U',
        ) {
            let mut bytes = encoded(&value);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            agree(&bytes, LoadOptions::wire().with_strings(StrConfig::STORED));
            agree(&bytes, LoadOptions::wire());
            agree(&[&[2], &bytes[..]].concat(), LoadOptions::new());
        }

        #[test]
        fn documents_and_values_agree_on_any_opcodes(
            parts in proptest::collection::vec((b'@'..=b'T', 0_i32..4), 0..24),
        ) {
            let mut bytes = Vec::new();
            for (opcode, operand) in parts {
                bytes.push(opcode);
                if !b"CJLPQR".contains(&opcode) {
                    bytes.extend(operand.to_be_bytes());
                }
            }
            agree(&bytes, LoadOptions::wire().with_strings(StrConfig::STORED));
        }
    }

    #[test]
    fn documents_and_values_agree_on_every_malformed_case() {
        let cases = include_str!("vectors/malformed.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(cases).unwrap();
        // A case too large to write down has none.
        for hex in cases.iter().filter_map(|case| case["hex"].as_str()) {
            let bytes: Vec<u8> = (0..hex.len() / 2)
                .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
                .collect();
            agree(&bytes, LoadOptions::wire().with_strings(StrConfig::STORED));
            agree(bytes.get(1..).unwrap_or_default(), LoadOptions::wire());
        }
        assert!(cases.len() > 100);
    }

    #[test]
    fn an_index_by_a_long_means_the_same_to_a_value() {
        for bytes in [
            &b"K\0\0\0\x01G\0\0\0\0LPQ"[..],
            b"K\0\0\0\x02G\0\0\0\0K\0\0\0\0PG\0\0\0\x01F\0\0\0\x07PQ",
            b"K\0\0\0\x01G\0\0\0\0K\0\0\0\x01G\0\0\0\0LPPQ",
            b"K\0\0\0\x01G\0\0\0\x01LPQ",
        ] {
            agree(bytes, LoadOptions::wire());
        }
        let document = LoadOptions::wire()
            .document_buf(b"K\0\0\0\x01G\0\0\0\0LPQ")
            .unwrap();
        assert_eq!(Value::from(document.root()), Value::List(vec![Value::None]));
    }

    #[test]
    fn a_document_deeper_than_the_limit_is_refused_and_one_at_it_is_not() {
        let nested = |depth: usize| {
            let mut bytes = vec![b'L'];
            bytes.extend(b"@\0\0\0\x01".repeat(depth));
            bytes.push(b'Q');
            bytes
        };
        let document = nested(512);
        let document = LoadOptions::wire().document_buf(&document).unwrap();
        assert_eq!(
            document.root().to_value(),
            LoadOptions::wire().loads(&nested(512)).unwrap()
        );
        assert!(
            LoadOptions::wire()
                .document_buf(&nested(513))
                .unwrap_err()
                .is_limit()
        );
    }
}
